use std::path::PathBuf;

use percent_encoding::percent_decode_str;

use crate::OpenError;

/// Which database a URL names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DatabaseUrl {
    Sqlite {
        path: PathBuf,
        /// Whether a missing file is made.
        create: bool,
    },
    /// On a server; nothing more is read of it, so that its password cannot reach an error.
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

fn sqlite(rest: &str) -> Result<DatabaseUrl, OpenError> {
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (path, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    if path == ":memory:" {
        return Err(OpenError::Memory);
    }
    let path = percent_decode_str(path).decode_utf8().map_err(|_| OpenError::InvalidPath)?;
    if path.contains('\0') {
        return Err(OpenError::InvalidPath);
    }

    let mut create = true;
    for (name, value) in form_urlencoded::parse(parameters.as_bytes()) {
        match (name.as_ref(), value.as_ref()) {
            ("mode", "rwc") => create = true,
            ("mode", "rw") => create = false,
            ("mode", "ro") => return Err(OpenError::ReadOnly),
            ("mode", "memory") => return Err(OpenError::Memory),
            _ => return Err(OpenError::UnknownParameter(name.into_owned())),
        }
    }
    if path.is_empty() {
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
            DatabaseUrl::Postgres => unreachable!("an SQLite URL"),
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
        assert_eq!(
            DatabaseUrl::parse("postgresql://u:hunter2@db/x").unwrap(),
            DatabaseUrl::Postgres
        );
    }

    #[test]
    fn no_error_repeats_a_credential() {
        for url in ["mysql://root:hunter2@db/x", "sqlite:a.db?key=hunter2", "hunter2"] {
            let error = DatabaseUrl::parse(url).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{url}");
        }
    }
}
