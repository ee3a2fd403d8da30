//! Argon2 (RFC 9106) as fast as the CPU allows: AVX-512, AVX2, NEON or plain Rust, chosen when the
//! program runs.
//!
//! The results are those of the [`argon2`](https://docs.rs/argon2) crate, and so are the names of types,
//! functions and errors. A program that calls `hash_password_into` or `hash_password_into_with_memory`
//! switches by its `use` line; the traits of `password_hash`, with `hash_password` and
//! `verify_password`, have no counterpart here. Argon2d, Argon2i and Argon2id; versions 1.0 and 1.3; any
//! legal cost; secret and associated data; memory of the caller's or allocated.
//!
//! ```
//! use repass_argon2::{Algorithm, Argon2, Block, Params, Version};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let params = Params::new(19 * 1024, 2, 1, Some(32))?;
//! let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
//!
//! // Kept from hash to hash: fresh memory costs up to half of the time.
//! let mut memory = vec![Block::new(); argon2.params().block_count()];
//! let mut tag = [0; 32];
//! argon2.hash_password_into_with_memory(b"password", b"a salt of its own", &mut tag, &mut memory[..])?;
//! # let mut expected = [0; 32];
//! # argon2::Argon2::default().hash_password_into(b"password", b"a salt of its own", &mut expected)?;
//! # assert_eq!(tag, expected);
//!
//! // At start-up: the instructions in use, or why they are not the best ones.
//! match repass_argon2::self_check() {
//!     Ok(path) => println!("Argon2 on the path {path}"),
//!     Err(error) => eprintln!("Argon2 on the path {}: {error}", repass_argon2::path()),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What it does not do
//!
//! - PHC strings, salts and comparing tags, so neither `PasswordHasher` nor `PasswordVerifier`: `argon2`
//!   and `password-hash` do.
//! - Threads: the lanes of one hash are computed in turns on the thread of the caller, which is faster
//!   than one after the other. More hashes at a time are more threads of the caller's.
//! - `fill_memory` of the `argon2` crate: what the memory holds in the end differs from path to path.
//! - `no_std`: features of the CPU can be asked for with the standard library only.
//!
//! # Which path
//!
//! At first use [`path()`] takes the best of what the CPU has, and has it compute the published answer of
//! RFC 9106. If that is wrong, the portable path is taken for the life of the process, and
//! [`self_check`] tells. [`Argon2::with_path`] forces a path for one value, and the environment variable
//! `ARGON2_PATH` for a process. A path that the CPU does not have is refused by the first, and not taken
//! but told of by the second.
//!
//! # Debug builds
//!
//! Without optimization a hash takes ten times as long or more (19 MiB, 2 passes: 0.2 s instead of 5 ms),
//! although the portable path, then the fastest, is taken. The profiles of this workspace do not apply to
//! programs of others; such a program optimizes this one dependency in its own `Cargo.toml`:
//!
//! ```toml
//! [profile.dev.package.repass-argon2]
//! opt-level = 3
//! ```
//!
//! # Secrets
//!
//! No branch and no address depends on the password but where Argon2 itself has it so: the blocks that
//! Argon2d, and Argon2id after its first half pass, refer to. Memory that this crate allocates is
//! wiped, as are the initial hash, the seeds and the last block. [`wipe`] is for the caller's memory.
//!
//! # Unsafe code
//!
//! Denied but in these modules, each line of it with its reason:
//!
//! - `kernel/avx2.rs`, `kernel/avx512.rs`, `kernel/neon.rs`: vector instructions, called with a value
//!   that exists only where they have been detected;
//! - `kernel/as_vectors.rs`: blocks seen as arrays of vectors;
//! - `kernel/prefetch.rs`: a hint that takes a pointer;
//! - `memory.rs`: zeroed memory that may be refused, and advice on memory to the system.

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
