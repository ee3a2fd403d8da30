//! Published hashes of every system, and texts that must be refused.

// clippy's exception for tests covers test functions, not what they call.
#![allow(clippy::unwrap_used, clippy::panic)]

mod aspnet;
mod assertions;
mod bcrypt;
mod bcrypt_sha256;
mod crypt;
mod databases;
mod determines;
mod digests;
mod hostile;
mod imports;
mod old_crypt;
mod own_systems;
mod pbkdf2;
mod php;
mod scrypt;
mod web;
