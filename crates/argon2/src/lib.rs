//! A fast implementation of Argon2 (RFC 9106) with AVX-512, AVX2, NEON and portable kernels,
//! selected at run time.
//!
//! The results and the names of types, functions and errors are those of the
//! [`argon2`](https://docs.rs/argon2) crate. A program that calls `hash_password_into` or
//! `hash_password_into_with_memory` changes only its `use` line; the traits of `password_hash`,
//! with `hash_password` and `verify_password`, have no counterpart here. The crate supports
//! Argon2d, Argon2i and Argon2id, the versions 1.0 and 1.3, all valid costs, secrets and associated
//! data, and allocated memory or that of the caller.
//!
//! ```
//! use repass_argon2::{Algorithm, Argon2, Block, Params, Version};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let params = Params::new(19 * 1024, 2, 1, Some(32))?;
//! let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
//!
//! // Reuse the memory: an allocation takes up to half of the time.
//! let mut memory = vec![Block::new(); argon2.params().block_count()];
//! let mut tag = [0; 32];
//! argon2.hash_password_into_with_memory(b"password", b"a salt of its own", &mut tag, &mut memory[..])?;
//! # let mut expected = [0; 32];
//! # argon2::Argon2::default().hash_password_into(b"password", b"a salt of its own", &mut expected)?;
//! # assert_eq!(tag, expected);
//!
//! // At start: log the path in use.
//! match repass_argon2::self_check() {
//!     Ok(path) => println!("Argon2 uses the path {path}"),
//!     Err(error) => eprintln!("Argon2 falls back to the path {}: {error}", repass_argon2::path()),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Limits
//!
//! The crate does not provide
//!
//! - PHC strings, generation of salts and comparison of tags, so neither `PasswordHasher` nor
//!   `PasswordVerifier`; see `argon2` and `password-hash`;
//! - threads: the lanes of one hash are interleaved on the calling thread. For parallel hashes, use
//!   several threads;
//! - `fill_memory` of the `argon2` crate, since the final content of the memory depends on the
//!   path;
//! - `no_std`, since CPU feature detection needs the standard library.
//!
//! # Path selection
//!
//! On first use, [`path()`] selects the best path of the CPU and computes the test vector of RFC
//! 9106 with it. If the result is wrong, the process uses the portable path, and [`self_check`]
//! returns the error. [`Argon2::with_path`] sets the path of one value, and the environment
//! variable `ARGON2_PATH` that of the process. For a path that the CPU does not have, `with_path`
//! returns an error, and the environment variable is ignored with an error from `self_check`.
//!
//! # Debug builds
//!
//! Without optimization a hash takes at least ten times as long (19 MiB, 2 passes: 0.2 s instead of
//! 5 ms), although the portable path is selected, which is then the fastest. The profiles of a
//! dependency do not apply to your program; optimize this dependency in your own `Cargo.toml`:
//!
//! ```toml
//! [profile.dev.package.repass-argon2]
//! opt-level = 3
//! ```
//!
//! # Secrets
//!
//! No branch or address depends on the password, except for the reference blocks of Argon2d, and of
//! Argon2id after its first half pass, by definition. Memory allocated by this crate is wiped, as
//! are the initial hash, the first blocks and the last block. Use [`wipe`] for your own memory.
//!
//! # Unsafe code
//!
//! Unsafe code is denied except in these modules, and every unsafe block has a safety comment:
//!
//! - `kernel/avx2.rs`, `kernel/avx512.rs`, `kernel/neon.rs`: vector instructions. A value of a
//!   kernel type can be created only if they were detected;
//! - `kernel/as_vectors.rs`: casts between blocks and arrays of vectors;
//! - `kernel/prefetch.rs`: prefetch by pointer;
//! - `memory.rs`: fallible zeroed allocation, and `madvise`.

mod algorithm;
mod argon2;
mod blake2b_long;
mod block;
mod error;
mod fill;
mod kernel;
mod memory;
mod params;
mod path;
mod version;

pub use crate::algorithm::Algorithm;
pub use crate::argon2::{
    Argon2, MAX_PWD_LEN, MAX_SALT_LEN, MAX_SECRET_LEN, MIN_SALT_LEN, RECOMMENDED_SALT_LEN,
};
pub use crate::block::Block;
pub use crate::error::{Error, Result};
pub use crate::memory::{Memory, wipe};
pub use crate::params::{AssociatedData, KeyId, Params, ParamsBuilder};
pub use crate::path::{ENVIRONMENT_VARIABLE, Path, PathError, path, self_check};
pub use crate::version::Version;
