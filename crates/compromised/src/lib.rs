//! Passwords that are known from breaches (NIST SP 800-63B-4, 3.1.1.2; ASVS 6.2.12).
//!
//! A [`Corpus`] is a file of truncated SHA-1 digests, made by `build` from a list of digests such
//! as that of Pwned Passwords. For a list of a million digests or more it takes about 3 bytes for each
//! digest, and a look-up takes two short reads. One password of 131,072 that are not in the list is
//! found, at most.
//!
//! ```
//! # #[cfg(feature = "build")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::path::Path;
//!
//! use repass_compromised::{Corpus, SeenAtLeast, build};
//!
//! # let folder = tempfile::tempdir()?;
//! # let (list, file) = (folder.path().join("list.txt"), folder.path().join("corpus"));
//! # let (list, file) = (list.as_path(), file.as_path());
//! // The digests of "password" and "letmein", ordered by digest.
//! std::fs::write(
//!     list,
//!     "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:3861493\n\
//!      B7A875FC1EA228B9061041B7CEC4BD3C52AB3CE3:126\n",
//! )?;
//! build(list, file, 1, "2026-11-28T12:00:00Z", |progress| println!("{progress:?}"))?;
//! let corpus = Corpus::open(file)?;
//! assert_eq!(corpus.find("password")?, Some(SeenAtLeast(1_000_000)));
//! assert_eq!(corpus.find("letmein")?, Some(SeenAtLeast(100)));
//! assert_eq!(corpus.find("correct horse battery staple")?, None);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "build"))]
//! # fn main() {}
//! ```
//!
//! # Size and time
//!
//! `cargo bench -p repass-compromised --bench compare` compares a corpus of 8.2 million digests with
//! other forms of the list. The files are in the page cache, and a look-up computes the SHA-1 too. The
//! figures are ratios to the corpus, of medians of 11 interleaved rounds, in four runs on a shared
//! x86-64 server:
//!
//! | form | bytes for each digest | size | time of a look-up |
//! | --- | ---: | ---: | ---: |
//! | corpus, with orders of magnitude | 2.78 | 1 | 1 |
//! | files of the crate `hibp-verifier`, 6 bytes for each digest | 6.00 | 2.16 | 3.9 to 4.1 |
//! | the same 6 bytes, all in memory, binary search | 6.00 | 2.16 | 1.2 to 1.5 |
//!
//! # Features
//!
//! With the feature `build`, `build` reads lists and range files, also compressed or in an archive.
//! A `Builder` makes a corpus of digests from elsewhere.
//!
//! With the feature `engine`, `Compromised` is the source of an engine: a corpus, the range API of
//! Pwned Passwords or of a mirror, or both.

#[cfg(feature = "build")]
mod archive;
mod bits;
mod builder;
mod corpus;
mod format;
#[cfg(feature = "build")]
mod line;
#[cfg(feature = "engine")]
mod range_api;
#[cfg(feature = "build")]
mod ranges;
#[cfg(feature = "build")]
mod sample;
#[cfg(feature = "build")]
mod source;
#[cfg(feature = "engine")]
mod sources;

pub use builder::{BuildError, Builder};
pub use corpus::{Corpus, CorpusError, SeenAtLeast};
pub use format::CorpusInfo;
#[cfg(feature = "build")]
pub use source::{Built, Progress, build};
#[cfg(feature = "engine")]
pub use {
    range_api::{PWNED_PASSWORDS, RangeApi, RangeApiError},
    repass_endpoint::{EndpointOptions, InvalidEndpoint},
    sources::{Compromised, CompromisedStatus, OnFailure},
};
