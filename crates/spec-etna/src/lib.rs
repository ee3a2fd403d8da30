//! The etna (ETNA Trader) password-change API
