//! Code that the fuzz targets share. README.md describes how they are run.

pub mod answer;
pub mod request;
pub mod second_reading;
pub mod secrets;
pub mod vendor;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// Defines a target: `check` is called with every input, and panics if it finds an error.
///
/// `tests/corpora` includes the targets as modules; there, the target is a test of its corpus.
#[macro_export]
macro_rules! target {
    ($check:path) => {
        #[cfg(feature = "libfuzzer")]
        libfuzzer_sys::fuzz_target!(|input: &[u8]| $check(input));

        #[cfg(all(not(feature = "libfuzzer"), not(test)))]
        fn main() -> Result<(), Box<dyn std::error::Error>> {
            let files = std::env::args_os().skip(1).map(std::path::PathBuf::from);
            $crate::replay(files, $check)
        }

        #[cfg(test)]
        #[test]
        fn corpus() -> Result<(), Box<dyn std::error::Error>> {
            let (_, target) = module_path!().split_once("::").ok_or("the target is a module")?;
            let corpora = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus");
            $crate::replay([std::path::Path::new(corpora).join(target)], $check)
        }
    };
}

/// Calls `check` with each of these files, and with each file in these folders.
///
/// # Errors
/// When a file cannot be read, and when there is none.
pub fn replay(
    paths: impl IntoIterator<Item = PathBuf>,
    check: fn(&[u8]),
) -> Result<(), Box<dyn Error>> {
    let mut files = 0;
    let mut run = |path: &Path| -> Result<(), Box<dyn Error>> {
        let input = fs::read(path)?;
        eprintln!("{}", path.display());
        check(&input);
        files += 1;
        Ok(())
    };
    for path in paths {
        if path.is_dir() {
            for entry in fs::read_dir(path)? {
                run(&entry?.path())?;
            }
        } else {
            run(&path)?;
        }
    }
    if files == 0 {
        return Err("there are no files".into());
    }
    println!("{files} files, no findings");
    Ok(())
}
