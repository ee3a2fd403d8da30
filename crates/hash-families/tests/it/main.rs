//! The crate by its public side: published hashes of every system, and what must not pass for one.

// clippy's exception for tests covers test functions, not what they call.
#![allow(clippy::unwrap_used, clippy::panic)]

mod aspnet;
mod bcrypt;
mod bcrypt_sha256;
mod crypt;
mod determines;
mod digests;
mod expect;
mod hostile;
mod imports;
mod pbkdf2;
mod php;
mod scrypt;
