use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use sqlx::ConnectOptions;
use sqlx::any::AnyConnectOptions;
use sqlx::postgres::PgConnectOptions;

use crate::OpenError;

/// What sqlx understands; it passes over anything else, and writes its value to the log.
const SERVER_PARAMETERS: &[&str] = &[
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

/// Which database a URL names.
#[derive(Debug)]
pub(crate) enum DatabaseUrl {
    Sqlite {
        path: PathBuf,
        /// Whether a missing file is made.
        create: bool,
    },
    Postgres(ServerUrl),
}

/// How a server is reached. What is printed of it tells nothing: there is a password in it.
pub(crate) struct ServerUrl(pub(crate) AnyConnectOptions);

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerUrl(..)")
    }
}

impl DatabaseUrl {
    pub(crate) fn parse(url: &str) -> Result<Self, OpenError> {
        let (scheme, rest) = url.split_once(':').ok_or(OpenError::UnknownScheme)?;
        match scheme.to_ascii_lowercase().as_str() {
            "sqlite" => sqlite(rest),
            "postgres" | "postgresql" => server(url).map(Self::Postgres),
            _ => Err(OpenError::UnknownScheme),
        }
    }
}

fn sqlite(rest: &str) -> Result<DatabaseUrl, OpenError> {
    // A URL of a server by the wrong scheme: what stands before the "@" can be a password.
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
            _ => return Err(OpenError::UnknownParameter),
        }
    }
    if path.is_empty() {
        return Err(OpenError::InvalidPath);
    }
    Ok(DatabaseUrl::Sqlite { path: PathBuf::from(path.as_ref()), create })
}

/// Errors tell no part of the URL.
fn server(url: &str) -> Result<ServerUrl, OpenError> {
    let options = AnyConnectOptions::from_str(url).map_err(|_| OpenError::InvalidServer)?;
    let url = &options.database_url;
    if !url.has_authority() || url.fragment().is_some() {
        return Err(OpenError::InvalidServer);
    }
    for (name, _) in url.query_pairs() {
        if !SERVER_PARAMETERS.contains(&&*name) {
            return Err(OpenError::UnknownServerParameter);
        }
    }
    PgConnectOptions::from_url(url).map_err(|_| OpenError::InvalidServer)?;
    // Not even on a debug level: statements say which account does what.
    Ok(ServerUrl(options.disable_statement_logging()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(url: &str) -> PathBuf {
        match DatabaseUrl::parse(url).unwrap() {
            DatabaseUrl::Sqlite { path, .. } => path,
            DatabaseUrl::Postgres(_) => unreachable!("an SQLite URL"),
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
    }

    #[test]
    fn server_urls_are_understood_whole() {
        for url in [
            "postgres://u:hunter2@db:5433/x",
            "PostgreSQL://u@db/x?sslmode=verify-full&sslrootcert=/etc/ca.pem",
            "postgres:///x?host=/run/postgresql&user=u&password=hunter2",
            "postgres://u@%2Frun%2Fpostgresql/x?options=-c%20search_path%3Drepass",
        ] {
            let parsed = DatabaseUrl::parse(url).unwrap();
            assert!(matches!(parsed, DatabaseUrl::Postgres(_)), "{url}");
            assert!(!format!("{parsed:?}").contains("hunter2"), "{url}");
        }
        for url in [
            "postgres:",
            "postgres:db/x",
            "postgres://u:hunter2@db:port/x",
            "postgres://u@db/x#hunter2",
            "postgres://u@db/x?sslmode=hunter2",
            "postgres://u@db/x?port=hunter2",
        ] {
            let error = DatabaseUrl::parse(url).unwrap_err();
            assert!(matches!(error, OpenError::InvalidServer), "{url}: {error:?}");
        }
        let error = DatabaseUrl::parse("postgres://u@db/x?pasword=hunter2").unwrap_err();
        assert!(matches!(error, OpenError::UnknownServerParameter));
    }

    #[test]
    fn l5_no_error_repeats_a_credential() {
        for url in [
            "postgres:///x?host=/run&user=u&password=p&hunter2",
            "postgres://u:123?hunter2@db/x",
            "sqlite://app:hunter2@db/shop",
            "sqlite:a.db?hunter2",
            "mysql://root:hunter2@db/x",
            "sqlite:a.db?key=hunter2",
            "hunter2",
            "postgres://u:hunter2@db:x/x",
            "postgres://u@db/x?pasword=hunter2",
            "postgres://u@db/x?sslmode=hunter2",
        ] {
            let error = DatabaseUrl::parse(url).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{url}");
        }
    }
}
