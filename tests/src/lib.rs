//! Whole-process tests of repass
