//! Opening the database, and what works on it.

use std::sync::Arc;

use repass_core::{
    Administration, AdministrationStore, Argon2idHasher, Engine, HasherOptions, InstallationKey,
    Normalisation, Policy, SystemRandomness,
};
use repass_store::{
    Accounts, KeyFileError, LoadedKey, OpenError, SqlStore, StoreOptions, load_installation_key,
};

use crate::cli::DatabaseOptions;
use crate::failure::Failure;
use crate::no_hasher::NoHasher;
use crate::output::Output;

/// Why there is no database to work on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DatabaseError {
    #[error("no database is named; give --database URL or set REPASS_DATABASE")]
    Missing,
    #[error("--database")]
    Open(#[source] OpenError),
    #[error("--key-file")]
    Key(#[source] KeyFileError),
}

impl DatabaseError {
    /// Whether it is the operator who can mend it.
    pub(crate) fn is_configuration(&self) -> bool {
        match self {
            Self::Missing => true,
            Self::Open(error) => matches!(
                error,
                OpenError::UnknownScheme
                    | OpenError::InvalidServer
                    | OpenError::UnknownServerParameter
                    | OpenError::Refused(_)
                    | OpenError::Memory
                    | OpenError::ReadOnly
                    | OpenError::UnknownParameter
                    | OpenError::InvalidPath
                    | OpenError::MissingFolder(_)
                    | OpenError::MissingFile(_)
                    | OpenError::File { .. }
                    | OpenError::NoDatabase(_)
                    | OpenError::NoSchemas
                    | OpenError::OtherSchema(_)
            ),
            Self::Key(error) => matches!(
                error,
                KeyFileError::Url(_)
                    | KeyFileError::Required
                    | KeyFileError::Unreadable { .. }
                    | KeyFileError::Malformed { .. }
            ),
        }
    }

    /// A stable name for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Missing => "no-database",
            Self::Open(_) if self.is_configuration() => "invalid-database",
            Self::Open(_) => "database",
            Self::Key(_) => "key-file",
        }
    }
}

/// What becomes of an SQLite file that is not there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum IfMissing {
    /// It is made: the command can be the first of an installation.
    Create,
    /// It is an error: the command needs what is in the database, so the name is a slip.
    Refuse,
}

/// An open database with the installation's key.
pub(crate) struct Desk {
    pub(crate) store: Arc<dyn AdministrationStore>,
    /// Whether the accounts stand in a table of another application.
    pub(crate) accounts_are_shared: bool,
    key: Arc<InstallationKey>,
}

/// Opens the database, does `work` on it and closes it.
pub(crate) async fn with_desk<T>(
    options: &DatabaseOptions,
    missing: IfMissing,
    output: &Output,
    work: impl AsyncFnOnce(&Desk) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (store, key) = open(options, missing).await?;
    if key.created {
        output.note(&format!(
            "made the installation key {}; keep a copy of it apart from the database",
            key.path.display()
        ));
    }
    if key.open_to_others {
        let text = format!("others may read or change {}; chmod 600 it", key.path.display());
        output.warning("key-file-open", &text);
    }
    let desk = Desk {
        store: Arc::new(store.clone()),
        accounts_are_shared: !store.keeps_accounts(),
        key: Arc::new(key.key),
    };
    let result = work(&desk).await;
    // Nothing is lost when it fails: files of the log stay beside the database.
    let _ = store.close().await;
    result
}

async fn open(
    options: &DatabaseOptions,
    missing: IfMissing,
) -> Result<(SqlStore, LoadedKey), DatabaseError> {
    let url = options.url.as_deref().filter(|url| !url.is_empty());
    let url = url.ok_or(DatabaseError::Missing)?;
    let load_key = || {
        let key_file = options.key_file.as_deref();
        load_installation_key(url, key_file, &SystemRandomness).map_err(DatabaseError::Key)
    };
    // A key file that is named must be there; see that before a database is made. Where none is
    // named it stands beside the database, which must be there first.
    let named = options.key_file.is_some().then(load_key).transpose()?;
    // The accounts are those that the database itself names, whatever repassd was told elsewhere.
    let options = StoreOptions { schema: options.schema.clone(), accounts: Accounts::AsNoted };
    let store = SqlStore::open_with(&existing(url, missing), &options).await;
    let store = store.map_err(DatabaseError::Open)?;
    let key = match named {
        Some(key) => key,
        None => load_key()?,
    };
    Ok((store, key))
}

/// The URL that opens a SQLite file only if it is there. A URL that says so itself is left alone.
fn existing(url: &str, missing: IfMissing) -> String {
    let sqlite = url.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("sqlite:"));
    if missing == IfMissing::Refuse && sqlite && !url.contains('?') {
        format!("{url}?mode=rw")
    } else {
        url.to_owned()
    }
}

impl Desk {
    /// What needs no password to be hashed.
    pub(crate) fn administration(&self) -> Result<Administration, Failure> {
        let hasher = Arc::new(NoHasher::new());
        let engine = Engine::builder(self.store.clone(), hasher, self.key.clone());
        Ok(engine.build().administration().clone())
    }

    /// The engine, with what hashes and verifies for this database.
    pub(crate) async fn engine(
        &self,
        policy: Policy,
        options: &HasherOptions,
    ) -> Result<Engine, Failure> {
        options.peppers.require(&self.store.peppers().await?)?;
        let mut options = options.clone();
        if self.accounts_are_shared {
            // The application that owns the table verifies the hashes, too, by the bytes that it
            // receives.
            options.normalisation = Normalisation::AsReceived;
            if options.peppers.current().is_some() {
                return Err(Failure::Usage(
                    "--pepper-key: the accounts stand in a table of another application, which \
                     could not verify the hashes"
                        .to_owned(),
                ));
            }
        }
        let hasher = Argon2idHasher::start(&options, Arc::new(SystemRandomness))?;
        let engine = Engine::builder(self.store.clone(), Arc::new(hasher), self.key.clone());
        Ok(engine.policy(policy).build())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_command_that_can_be_the_first_makes_a_file() {
        let url = |url, missing| existing(url, missing);
        assert_eq!(url("sqlite:///a.db", IfMissing::Refuse), "sqlite:///a.db?mode=rw");
        assert_eq!(url("SQLITE:a.db", IfMissing::Refuse), "SQLITE:a.db?mode=rw");
        assert_eq!(url("sqlite:///a.db", IfMissing::Create), "sqlite:///a.db");
        assert_eq!(url("sqlite:a.db?mode=rwc", IfMissing::Refuse), "sqlite:a.db?mode=rwc");
        assert_eq!(url("postgres://h/d", IfMissing::Refuse), "postgres://h/d");
        assert_eq!(url("é", IfMissing::Refuse), "é");
    }
}
