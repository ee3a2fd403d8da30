//! The fabric commerce identity password-change API
