//! The choice of a path, made once in the life of a process.

use std::sync::OnceLock;

use super::{Path, PathError};

/// The environment variable that names the path to take, for tests and measurements: one of the names
/// of [`Path`], or `auto`, which is as if it were not set. It is read once, at the first hash.
pub const ENVIRONMENT_VARIABLE: &str = "ARGON2_PATH";

/// The path that hashes of this process are computed with, unless [`Argon2::with_path`] says another.
///
/// At first use the best path that the CPU has, or the one that [`ENVIRONMENT_VARIABLE`] names, has to
/// hash one known answer, which takes microseconds. If it is wrong the portable path is taken instead;
/// [`self_check`] tells.
///
/// [`Argon2::with_path`]: crate::Argon2::with_path
#[must_use]
pub fn path() -> Path {
    choice().path
}

/// The path in use, like [`path`], if it is the one that was to be taken. Programs call this when they
/// start, and log what it says.
///
/// # Errors
/// Hashes are right nevertheless; they are only slower than they could be.
/// [`PathError::WrongAnswer`]: the portable path is in use.
/// [`PathError::Unavailable`] and [`PathError::Unknown`]: [`ENVIRONMENT_VARIABLE`] asks for what cannot
/// be had, and the choice was made as if it were not set.
pub fn self_check() -> Result<Path, PathError> {
    let choice = choice();
    choice.refused.map_or(Ok(choice.path), Err)
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Choice {
    path: Path,
    /// Why it is not the one that was to be taken.
    refused: Option<PathError>,
}

fn choice() -> &'static Choice {
    static CHOICE: OnceLock<Choice> = OnceLock::new();
    CHOICE.get_or_init(|| {
        let wanted = std::env::var_os(ENVIRONMENT_VARIABLE);
        // What is not Unicode is no name.
        let wanted = wanted.as_ref().map(|name| name.to_str().unwrap_or("\u{fffd}"));
        choose(wanted, cfg!(not(unoptimized)), Path::check)
    })
}

fn choose(
    wanted: Option<&str>,
    optimized: bool,
    check: impl Fn(Path) -> Result<(), PathError>,
) -> Choice {
    let wanted = match wanted {
        None | Some("" | "auto") => None,
        Some(name) => Some(name.parse::<Path>().and_then(|path| check(path).map(|()| path))),
    };
    match wanted {
        Some(Ok(path)) => Choice { path, refused: None },
        Some(Err(error @ PathError::WrongAnswer(_))) => fall_back(error),
        Some(Err(error)) => Choice { refused: Some(error), ..best(optimized, check) },
        None => best(optimized, check),
    }
}

/// The fastest path that the CPU has. Without optimization each vector instruction is a call, and the
/// portable path is three to seven times as fast as the others.
fn best(optimized: bool, check: impl Fn(Path) -> Result<(), PathError>) -> Choice {
    if !optimized {
        return Choice { path: Path::Portable, refused: None };
    }
    for path in Path::ALL.into_iter().rev() {
        match check(path) {
            Ok(()) => return Choice { path, refused: None },
            Err(PathError::Unavailable(_)) => {}
            // A CPU that computes wrongly is not trusted with the next best either.
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

    /// The same, with a fault in it.
    fn faulty(path: Path) -> Result<(), PathError> {
        match path {
            Path::Avx2 => Err(PathError::WrongAnswer(path)),
            _ => avx2(path),
        }
    }

    fn taken(path: Path) -> Choice {
        Choice { path, refused: None }
    }

    #[test]
    fn the_best_that_there_is_is_taken() {
        assert_eq!(choose(None, true, avx2), taken(Path::Avx2));
        assert_eq!(choose(Some("auto"), true, avx2), taken(Path::Avx2));
        assert_eq!(choose(Some(""), true, avx2), taken(Path::Avx2));
        assert_eq!(choose(None, true, |_| Ok(())), taken(Path::Avx512));
        let bare = |path| match path {
            Path::Portable => Ok(()),
            _ => Err(PathError::Unavailable(path)),
        };
        assert_eq!(choose(None, true, bare), taken(Path::Portable));
    }

    /// Proves E7.
    #[test]
    fn e7_without_optimization_the_portable_path_is_the_best() {
        assert_eq!(choose(None, false, |_| Ok(())), taken(Path::Portable));
        assert_eq!(choose(Some("auto"), false, avx2), taken(Path::Portable));
        assert_eq!(choose(Some("avx2"), false, avx2), taken(Path::Avx2));
    }

    #[test]
    fn what_is_asked_for_is_taken() {
        assert_eq!(choose(Some("portable"), true, avx2), taken(Path::Portable));
        assert_eq!(choose(Some("avx2"), true, |_| Ok(())), taken(Path::Avx2));
    }

    #[test]
    fn what_cannot_be_had_is_told_and_the_best_is_taken() {
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
    fn after_a_wrong_answer_nothing_but_the_portable_path_is_trusted() {
        let fallen =
            Choice { path: Path::Portable, refused: Some(PathError::WrongAnswer(Path::Avx2)) };
        assert_eq!(choose(None, true, faulty), fallen);
        assert_eq!(choose(Some("avx2"), true, faulty), fallen);
        assert_eq!(choose(Some("avx512"), true, faulty).path, Path::Portable);
        let both = |path| match path {
            Path::Avx512 => Err(PathError::WrongAnswer(path)),
            _ => Ok(()),
        };
        assert_eq!(choose(None, true, both).path, Path::Portable);
    }

    #[test]
    fn the_choice_of_this_process_is_one_that_works() {
        assert_eq!(path().check(), Ok(()));
        if std::env::var_os(ENVIRONMENT_VARIABLE).is_none() {
            assert_eq!(self_check(), Ok(path()));
        }
    }
}
