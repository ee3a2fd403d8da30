use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::OpenError;

/// The database that a URL names.
#[derive(Debug, PartialEq)]
pub(crate) enum DatabaseUrl {
    /// A file.
    Sqlite {
        path: PathBuf,
        /// Whether a missing file is made.
        create: bool,
    },
    /// A database on a server, whose URL its store reads.
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

/// The URL of a file: what would mean something else in a URL is percent-encoded.
pub(crate) fn url_of(path: &Path) -> Result<String, OpenError> {
    const PLAIN: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'~');
    let path = path.to_str().ok_or(OpenError::InvalidPath)?;
    Ok(format!("sqlite://{}", utf8_percent_encode(path, PLAIN)))
}

fn sqlite(rest: &str) -> Result<DatabaseUrl, OpenError> {
    // The URL of a server with the wrong scheme: what stands before the "@" can be a password.
    let is_of_a_server = |rest: &str| rest.split('/').next().is_some_and(|host| host.contains('@'));
    let rest = match rest.strip_prefix("//") {
        Some(rest) if is_of_a_server(rest) => return Err(OpenError::InvalidPath),
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
    fn the_url_of_a_path_leads_back_to_it() {
        for name in ["/srv/repass.db", "a b?.db", "ä%41#.db", "//odd", "x:memory:"] {
            assert_eq!(path(&url_of(Path::new(name)).unwrap()), PathBuf::from(name), "{name}");
        }
    }

    #[test]
    fn the_mode_says_whether_a_missing_file_is_made() {
        let create = |url| matches!(DatabaseUrl::parse(url), Ok(DatabaseUrl::Sqlite { create, .. }) if create);
        assert!(create("sqlite:a.db"));
        assert!(create("sqlite:a.db?mode=rwc"));
        assert!(!create("sqlite:a.db?mode=rw"));
    }

    #[test]
    fn what_cannot_be_served_is_refused_clearly() {
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
