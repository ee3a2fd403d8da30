//! Which instructions a hash is computed with.

mod choice;
mod known_answer;

pub use choice::{ENVIRONMENT_VARIABLE, path, self_check};

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use crate::fill::Fill;
use crate::kernel;

/// A set of instructions to compute a hash with. All give the same result.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
#[non_exhaustive]
pub enum Path {
    /// What every CPU has.
    Portable,
    /// 128 bits at a time, on AArch64.
    Neon,
    /// 256 bits at a time, on x86-64.
    Avx2,
    /// 512 bits at a time, on x86-64.
    Avx512,
}

/// Why a path cannot be taken.
#[derive(Copy, Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// A name that is none of [`Path::ALL`].
    #[error("no path of Argon2 has this name")]
    Unknown,
    /// The CPU, or the system on it, does not have the instructions.
    #[error("this CPU cannot take the path {0} of Argon2")]
    Unavailable(Path),
    /// The path does not give the published answer: a fault of the CPU, the compiler or this crate.
    #[error("the path {0} of Argon2 gives a wrong answer")]
    WrongAnswer(Path),
}

impl Path {
    /// Every path there is, the slowest first.
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

    /// Whether the path can be relied on: the CPU has its instructions, and it gives the answer that
    /// RFC 9106 publishes. The answer is computed once in the life of the process.
    ///
    /// # Errors
    /// [`PathError::Unavailable`] and [`PathError::WrongAnswer`].
    pub fn check(self) -> Result<(), PathError> {
        static VERDICTS: [OnceLock<Result<(), PathError>>; Path::ALL.len()] =
            [const { OnceLock::new() }; Path::ALL.len()];
        *VERDICTS[self as usize].get_or_init(|| {
            let kernel = self.kernel().ok_or(PathError::Unavailable(self))?;
            known_answer::check(kernel).then_some(()).ok_or(PathError::WrongAnswer(self))
        })
    }

    /// What computes it, if this CPU can.
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
    fn names_are_read_back_and_nothing_else_is() {
        for path in Path::ALL {
            assert_eq!(path.to_string().parse(), Ok(path));
        }
        for name in ["", "auto", "AVX2", "avx-512"] {
            assert_eq!(name.parse::<Path>(), Err(PathError::Unknown), "{name:?}");
        }
    }

    /// Proves RFC 9106.
    #[test]
    fn every_path_of_this_cpu_gives_the_published_answer() {
        assert_eq!(Path::Portable.check(), Ok(()));
        for path in Path::ALL {
            let expected =
                if path.is_available() { Ok(()) } else { Err(PathError::Unavailable(path)) };
            assert_eq!(path.check(), expected);
        }
    }
}
