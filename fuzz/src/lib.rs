//! Code that the fuzz targets share. README.md describes how they are run.

pub mod answer;
pub mod request;
pub mod second_reading;
pub mod secrets;
pub mod vendor;

use std::error::Error;
use std::path::Path;
use std::{env, fs};

/// Defines a target: `check` is called with every input, and panics if it finds an error.
#[macro_export]
macro_rules! target {
    ($check:path) => {
        #[cfg(feature = "libfuzzer")]
        libfuzzer_sys::fuzz_target!(|input: &[u8]| $check(input));

        #[cfg(not(feature = "libfuzzer"))]
        fn main() -> Result<(), Box<dyn std::error::Error>> {
            $crate::replay($check)
        }
    };
}

/// Calls `check` with each file on the command line, and with each file in the folders on the
/// command line.
///
/// # Errors
/// When a file cannot be read.
pub fn replay(check: fn(&[u8])) -> Result<(), Box<dyn Error>> {
    let mut files = 0;
    let mut run = |path: &Path| -> Result<(), Box<dyn Error>> {
        let input = fs::read(path)?;
        eprintln!("{}", path.display());
        check(&input);
        files += 1;
        Ok(())
    };
    for argument in env::args_os().skip(1) {
        let path = Path::new(&argument);
        if path.is_dir() {
            for entry in fs::read_dir(path)? {
                run(&entry?.path())?;
            }
        } else {
            run(path)?;
        }
    }
    println!("{files} files, no findings");
    Ok(())
}
