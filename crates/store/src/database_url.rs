use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::OpenError;

/// A parsed database URL.
#[derive(Debug, PartialEq)]
pub(crate) enum DatabaseUrl {
    /// A SQLite file.
    Sqlite {
        path: PathBuf,
        /// Whether to create a missing file.
        create: bool,
    },
    /// A PostgreSQL database; its store parses the URL.
    Postgres,
}

impl DatabaseUrl {
    pub(crate) fn parse(url: &str) -> Result<Self, OpenError> {
        let (scheme, rest) = url.split_once(':').ok_or(OpenError::UnknownScheme)?;
        match scheme.to_ascii_lowercase().as_str() {
            "sqlite" => sqlite(rest),
            "postgres" | "postgresql" => Ok(Self::Postgres),
            _ => Err(OpenError::UnknownScheme),
        }
    }
}

/// Returns the percent-encoded URL of a file.
pub(crate) fn file_url(path: &Path) -> Result<String, OpenError> {
    const PLAIN: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'~');
    let path = path.to_str().ok_or(OpenError::InvalidPath)?;
    Ok(format!("sqlite://{}", utf8_percent_encode(path, PLAIN)))
}

fn sqlite(rest: &str) -> Result<DatabaseUrl, OpenError> {
    // A server URL with the wrong scheme may have a password before the "@".
    let has_login = |rest: &str| rest.split('/').next().is_some_and(|host| host.contains('@'));
    let rest = match rest.strip_prefix("//") {
        Some(rest) if has_login(rest) => return Err(OpenError::InvalidPath),
        Some(rest) => rest,
        None => rest,
    };
    let (path, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    if path == ":memory:" {
        return Err(OpenError::Memory);
    }
    let path = percent_decode_str(path).decode_utf8().map_err(|_| OpenError::InvalidPath)?;
    let mut create = true;
    for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
        create = match parameter {
            "mode=rwc" => true,
            "mode=rw" => false,
            "mode=ro" => return Err(OpenError::ReadOnly),
            "mode=memory" => return Err(OpenError::Memory),
            _ => return Err(OpenError::UnknownParameter),
        };
    }
    if path.is_empty() || path.contains('\0') {
        return Err(OpenError::InvalidPath);
    }
    Ok(DatabaseUrl::Sqlite { path: PathBuf::from(path.as_ref()), create })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(url: &str) -> PathBuf {
        match DatabaseUrl::parse(url).unwrap() {
            DatabaseUrl::Sqlite { path, .. } => path,
            DatabaseUrl::Postgres => unreachable!("a SQLite URL"),
        }
    }

    #[test]
    fn sqlite_urls_name_a_file() {
        assert_eq!(path("sqlite:///srv/repass.db"), PathBuf::from("/srv/repass.db"));
        assert_eq!(path("sqlite://data/repass.db"), PathBuf::from("data/repass.db"));
        assert_eq!(path("sqlite:repass.db"), PathBuf::from("repass.db"));
        assert_eq!(path("SQLITE:a%20b%3F.db?mode=rw"), PathBuf::from("a b?.db"));
    }

    #[test]
    fn file_urls_round_trip() {
        for name in ["/srv/repass.db", "a b?.db", "ä%41#.db", "//odd", "x:memory:"] {
            assert_eq!(path(&file_url(Path::new(name)).unwrap()), PathBuf::from(name), "{name}");
        }
    }

    #[test]
    fn the_mode_determines_whether_a_missing_file_is_created() {
        let create = |url| matches!(DatabaseUrl::parse(url), Ok(DatabaseUrl::Sqlite { create, .. }) if create);
        assert!(create("sqlite:a.db"));
        assert!(create("sqlite:a.db?mode=rwc"));
        assert!(!create("sqlite:a.db?mode=rw"));
    }

    #[test]
    fn unsupported_urls_are_refused() {
        let error = |url| DatabaseUrl::parse(url).unwrap_err();
        for url in ["sqlite::memory:", "sqlite://:memory:", "sqlite:a.db?mode=memory"] {
            assert!(matches!(error(url), OpenError::Memory), "{url}");
        }
        assert!(matches!(error("sqlite:a.db?mode=ro"), OpenError::ReadOnly));
        for url in ["sqlite:", "sqlite://", "sqlite:%ff", "sqlite:a%00b"] {
            assert!(matches!(error(url), OpenError::InvalidPath), "{url}");
        }
        for url in ["", "repass.db", "mysql://root:hunter2@db/x", "file:repass.db"] {
            assert!(matches!(error(url), OpenError::UnknownScheme), "{url}");
        }
    }

    /// Proves L5.
    #[test]
    fn l5_no_error_repeats_a_credential() {
        for url in [
            "sqlite://app:hunter2@db/shop",
            "sqlite:a.db?hunter2",
            "mysql://root:hunter2@db/x",
            "sqlite:a.db?key=hunter2",
            "hunter2",
        ] {
            let error = DatabaseUrl::parse(url).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{url}");
        }
    }
}
