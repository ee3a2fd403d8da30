use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Unavailable;

/// The environment variable with the folder of the server's programs, which has precedence.
pub const VARIABLE: &str = "TEST_POSTGRES";

/// The folder of Debian's packages, with one folder per version.
const VERSIONS: &str = "/usr/lib/postgresql";

/// Returns the folder with the server's programs: the one in [`VARIABLE`], otherwise one on the
/// `PATH`, otherwise the newest below `/usr/lib/postgresql`.
///
/// # Errors
/// When PostgreSQL is not installed.
pub fn programs() -> Result<PathBuf, Unavailable> {
    if let Some(folder) = env::var_os(VARIABLE).filter(|folder| !folder.is_empty()) {
        let folder = PathBuf::from(folder);
        return if is_complete(&folder) {
            Ok(folder)
        } else {
            Err(Unavailable(format!("{VARIABLE} names {}, without initdb", folder.display())))
        };
    }
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .find(|folder| is_complete(folder))
        .or_else(|| newest(Path::new(VERSIONS)))
        .ok_or_else(|| Unavailable("initdb was not found".to_owned()))
}

fn is_complete(folder: &Path) -> bool {
    ["initdb", "postgres", "createdb"].iter().all(|program| folder.join(program).is_file())
}

fn newest(versions: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(versions).ok()?;
    entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let folder = entry.path().join("bin");
            is_complete(&folder).then_some((version, folder))
        })
        .max()
        .map(|(_, folder)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_complete_version_is_used() {
        let versions = tempfile::tempdir().unwrap();
        assert_eq!(newest(versions.path()), None);
        for (version, files) in [
            ("9", &["initdb", "postgres", "createdb"][..]),
            ("15", &["initdb", "postgres", "createdb"]),
            ("17", &["createdb"]),
            ("text", &["initdb", "postgres", "createdb"]),
        ] {
            let folder = versions.path().join(version).join("bin");
            fs::create_dir_all(&folder).unwrap();
            for file in files {
                fs::write(folder.join(file), "").unwrap();
            }
        }
        assert_eq!(newest(versions.path()), Some(versions.path().join("15").join("bin")));
    }
}
