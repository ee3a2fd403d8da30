//! Selects the path of the process.

use std::sync::OnceLock;

use super::{Path, PathError};

/// The environment variable that sets the path, for tests and benchmarks: a name of [`Path`], or
/// `auto` for the default. It is read once, at the first hash.
pub const ENVIRONMENT_VARIABLE: &str = "ARGON2_PATH";

/// Returns the path of this process, which [`Argon2::with_path`] can override.
///
/// The first call selects the best path of the CPU, or the one in [`ENVIRONMENT_VARIABLE`], and
/// [checks](Path::check) it, which takes microseconds. If it computes a wrong hash, the portable
/// path is selected, and [`self_check`] returns the error.
///
/// [`Argon2::with_path`]: crate::Argon2::with_path
#[must_use]
pub fn path() -> Path {
    choice().path
}

/// Returns the path in use, or the error that led to a fallback. Programs should log the result at
/// start.
///
/// # Errors
/// - [`PathError::WrongHash`]: the portable path is in use.
/// - [`PathError::Unavailable`] and [`PathError::Unknown`]: the value of [`ENVIRONMENT_VARIABLE`]
///   cannot be used and was ignored.
///
/// Hashes are correct in any case, but possibly slower.
pub fn self_check() -> Result<Path, PathError> {
    let choice = choice();
    choice.refused.map_or(Ok(choice.path), Err)
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Choice {
    path: Path,
    /// The reason for a fallback.
    refused: Option<PathError>,
}

fn choice() -> &'static Choice {
    static CHOICE: OnceLock<Choice> = OnceLock::new();
    CHOICE.get_or_init(|| {
        let requested = std::env::var_os(ENVIRONMENT_VARIABLE);
        // Replaced by an unknown name if it is not Unicode.
        let requested = requested.as_ref().map(|name| name.to_str().unwrap_or("\u{fffd}"));
        choose(requested, cfg!(not(unoptimized)), Path::check)
    })
}

fn choose(
    requested: Option<&str>,
    optimized: bool,
    check: impl Fn(Path) -> Result<(), PathError>,
) -> Choice {
    let requested = match requested {
        None | Some("" | "auto") => None,
        Some(name) => Some(name.parse::<Path>().and_then(|path| check(path).map(|()| path))),
    };
    match requested {
        Some(Ok(path)) => Choice { path, refused: None },
        Some(Err(error @ PathError::WrongHash(_))) => fall_back(error),
        Some(Err(error)) => Choice { refused: Some(error), ..best(optimized, check) },
        None => best(optimized, check),
    }
}

/// Returns the fastest path of the CPU. Without optimization each vector instruction is a function
/// call, and the portable path is three to seven times as fast as the others.
fn best(optimized: bool, check: impl Fn(Path) -> Result<(), PathError>) -> Choice {
    if !optimized {
        return Choice { path: Path::Portable, refused: None };
    }
    for path in Path::ALL.into_iter().rev() {
        match check(path) {
            Ok(()) => return Choice { path, refused: None },
            Err(PathError::Unavailable(_)) => {}
            // After a wrong hash no other vector path is trusted.
            Err(error) => return fall_back(error),
        }
    }
    Choice { path: Path::Portable, refused: None }
}

const fn fall_back(error: PathError) -> Choice {
    Choice { path: Path::Portable, refused: Some(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A CPU with AVX2.
    fn avx2(path: Path) -> Result<(), PathError> {
        match path {
            Path::Portable | Path::Avx2 => Ok(()),
            _ => Err(PathError::Unavailable(path)),
        }
    }

    /// A CPU with AVX2 that computes wrong hashes.
    fn faulty(path: Path) -> Result<(), PathError> {
        match path {
            Path::Avx2 => Err(PathError::WrongHash(path)),
            _ => avx2(path),
        }
    }

    fn selected(path: Path) -> Choice {
        Choice { path, refused: None }
    }

    #[test]
    fn the_best_available_path_is_selected() {
        assert_eq!(choose(None, true, avx2), selected(Path::Avx2));
        assert_eq!(choose(Some("auto"), true, avx2), selected(Path::Avx2));
        assert_eq!(choose(Some(""), true, avx2), selected(Path::Avx2));
        assert_eq!(choose(None, true, |_| Ok(())), selected(Path::Avx512));
        let bare = |path| match path {
            Path::Portable => Ok(()),
            _ => Err(PathError::Unavailable(path)),
        };
        assert_eq!(choose(None, true, bare), selected(Path::Portable));
    }

    /// Proves E7.
    #[test]
    fn e7_without_optimization_the_portable_path_is_the_best() {
        assert_eq!(choose(None, false, |_| Ok(())), selected(Path::Portable));
        assert_eq!(choose(Some("auto"), false, avx2), selected(Path::Portable));
        assert_eq!(choose(Some("avx2"), false, avx2), selected(Path::Avx2));
    }

    #[test]
    fn a_requested_path_is_selected() {
        assert_eq!(choose(Some("portable"), true, avx2), selected(Path::Portable));
        assert_eq!(choose(Some("avx2"), true, |_| Ok(())), selected(Path::Avx2));
    }

    #[test]
    fn an_unusable_request_is_reported_and_the_best_path_selected() {
        for (name, error) in [
            ("avx512", PathError::Unavailable(Path::Avx512)),
            ("fastest", PathError::Unknown),
            ("\u{fffd}", PathError::Unknown),
        ] {
            let choice = choose(Some(name), true, avx2);
            assert_eq!(choice, Choice { path: Path::Avx2, refused: Some(error) });
        }
    }

    #[test]
    fn after_a_wrong_hash_the_portable_path_is_selected() {
        let fallback =
            Choice { path: Path::Portable, refused: Some(PathError::WrongHash(Path::Avx2)) };
        assert_eq!(choose(None, true, faulty), fallback);
        assert_eq!(choose(Some("avx2"), true, faulty), fallback);
        assert_eq!(choose(Some("avx512"), true, faulty).path, Path::Portable);
        let both = |path| match path {
            Path::Avx512 => Err(PathError::WrongHash(path)),
            _ => Ok(()),
        };
        assert_eq!(choose(None, true, both).path, Path::Portable);
    }

    #[test]
    fn the_path_of_this_process_passes_its_check() {
        assert_eq!(path().check(), Ok(()));
        if std::env::var_os(ENVIRONMENT_VARIABLE).is_none() {
            assert_eq!(self_check(), Ok(path()));
        }
    }
}
