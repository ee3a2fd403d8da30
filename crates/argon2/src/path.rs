mod choice;
mod known_answer;

pub use choice::{ENVIRONMENT_VARIABLE, path, self_check};

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use crate::fill::Fill;
use crate::kernel;

/// The instruction set that computes a hash. It has no effect on the result.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
#[non_exhaustive]
pub enum Path {
    /// Portable code for every CPU.
    Portable,
    /// 128-bit vectors of AArch64.
    Neon,
    /// 256-bit vectors of x86-64.
    Avx2,
    /// 512-bit vectors of x86-64.
    Avx512,
}

/// A path cannot be used.
#[derive(Copy, Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// The name is not that of a path in [`Path::ALL`].
    #[error("unknown Argon2 path")]
    Unknown,
    /// The CPU or the operating system does not support the instructions.
    #[error("this CPU does not support the Argon2 path {0}")]
    Unavailable(Path),
    /// The path computes a wrong hash: a fault of the CPU, the compiler or this crate.
    #[error("the Argon2 path {0} computes a wrong hash")]
    WrongHash(Path),
}

impl Path {
    /// All paths, the slowest first.
    pub const ALL: [Self; 4] = [Self::Portable, Self::Neon, Self::Avx2, Self::Avx512];

    /// The name: `portable`, `neon`, `avx2` or `avx512`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Neon => "neon",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }

    /// Whether this CPU has the instructions.
    #[must_use]
    pub fn is_available(self) -> bool {
        self.kernel().is_some()
    }

    /// Checks that the CPU has the instructions, and that the path computes the test vector of RFC
    /// 9106. The test runs once per process.
    ///
    /// # Errors
    /// [`PathError::Unavailable`] and [`PathError::WrongHash`].
    pub fn check(self) -> Result<(), PathError> {
        static RESULTS: [OnceLock<Result<(), PathError>>; Path::ALL.len()] =
            [const { OnceLock::new() }; Path::ALL.len()];
        *RESULTS[self as usize].get_or_init(|| {
            let kernel = self.kernel().ok_or(PathError::Unavailable(self))?;
            known_answer::check(kernel).then_some(()).ok_or(PathError::WrongHash(self))
        })
    }

    /// Returns the kernel, if this CPU supports it.
    pub(crate) fn kernel(self) -> Option<&'static dyn Fill> {
        match self {
            Self::Portable => Some(&kernel::Portable),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => kernel::Avx2::detect().map(|kernel| kernel as &dyn Fill),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => kernel::Avx512::detect().map(|kernel| kernel as &dyn Fill),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => kernel::Neon::detect().map(|kernel| kernel as &dyn Fill),
            #[allow(unreachable_patterns, reason = "paths of other architectures")]
            _ => None,
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(name: &str) -> Result<Self, PathError> {
        Self::ALL.into_iter().find(|path| path.as_str() == name).ok_or(PathError::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_other_texts_are_refused() {
        for path in Path::ALL {
            assert_eq!(path.to_string().parse(), Ok(path));
        }
        for name in ["", "auto", "AVX2", "avx-512"] {
            assert_eq!(name.parse::<Path>(), Err(PathError::Unknown), "{name:?}");
        }
    }

    /// Proves RFC 9106.
    #[test]
    fn every_path_of_this_cpu_passes_its_check() {
        assert_eq!(Path::Portable.check(), Ok(()));
        for path in Path::ALL {
            let expected =
                if path.is_available() { Ok(()) } else { Err(PathError::Unavailable(path)) };
            assert_eq!(path.check(), expected);
        }
    }
}
