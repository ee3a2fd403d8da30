//! The ports of repass-core on SQL
