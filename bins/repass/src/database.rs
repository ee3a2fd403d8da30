//! Opens the database and builds the engine.

use std::sync::Arc;

use repass_config::CompromisedConfig;
use repass_core::{
    Administration, AdministrationStore, Argon2idHasher, Context, Engine, HasherOptions,
    InstallationKey, KeyCheckError, LockoutPolicy, Normalization, Peppers, Policy,
    SystemRandomness, check_keys,
};
use repass_store::{KeyFileError, LoadedKey, OpenError, Store, read_installation_key};

use crate::failure::Failure;
use crate::no_hasher::NoHasher;
use crate::output::Output;
use crate::settings::Settings;

/// The database cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DatabaseError {
    #[error(
        "no database given; use --database URL or set REPASS_DATABASE, or give the server's \
         configuration with --config FILE"
    )]
    Missing,
    #[error("{place}")]
    Open {
        /// The option or key of the URL.
        place: String,
        #[source]
        source: OpenError,
    },
    #[error("{place}")]
    Key {
        /// The option or key of the file.
        place: String,
        #[source]
        source: KeyFileError,
    },
    #[error(
        "the keys do not match the database; restore the right ones, or, if they are lost, see `repass \
         database accept-keys --help`"
    )]
    KeyMismatch(#[from] KeyCheckError),
}

impl DatabaseError {
    /// Whether the error is in the configuration.
    pub(crate) fn is_configuration(&self) -> bool {
        match self {
            Self::Missing => true,
            Self::Open { source, .. } => source.is_configuration(),
            Self::Key { source, .. } => source.is_configuration(),
            Self::KeyMismatch(error) => !matches!(error, KeyCheckError::Store(_)),
        }
    }

    /// A stable name for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Missing => "no-database",
            Self::Open { .. } if self.is_configuration() => "invalid-database",
            Self::Open { .. } => "database",
            Self::Key { .. } | Self::KeyMismatch(_) => "key-file",
        }
    }
}

/// Whether opening the database may change its schema.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Migration {
    /// Creates a missing database.
    Create,
    /// Upgrades an old schema; a missing file is an error.
    Upgrade,
    /// Changes nothing; the schema must be up to date.
    Refuse,
}

/// An open database with the installation key.
pub(crate) struct AdminContext {
    pub(crate) store: Arc<dyn AdministrationStore>,
    /// Whether the accounts are in a table of another application.
    pub(crate) accounts_are_shared: bool,
    key: Arc<InstallationKey>,
    lockout: LockoutPolicy,
    compromised: Option<CompromisedConfig>,
}

/// Opens the database, runs `work` and closes it.
pub(crate) async fn with_database<T>(
    settings: &Settings,
    migration: Migration,
    output: &Output,
    work: impl AsyncFnOnce(&AdminContext) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (store, key) = open(settings, migration).await?;
    check_keys(&*store.ports(), &key.key, &Peppers::none()).await.map_err(DatabaseError::from)?;
    if key.created && !settings.is_scratch {
        output.note(&format!(
            "created the installation key {}; back it up apart from the database",
            key.path.display()
        ));
    }
    if key.accessible_to_others {
        let path = key.path.display();
        let text = format!("other users can read or change {path}; run `chmod 600 {path}`");
        output.warning("key-file-open", &text);
    }
    let admin = AdminContext {
        store: store.ports(),
        accounts_are_shared: !store.keeps_accounts(),
        key: Arc::new(key.key),
        lockout: settings.lockout,
        compromised: settings.compromised_config().cloned(),
    };
    let result = work(&admin).await;
    // All transactions are committed, so a failure loses nothing.
    let _ = store.close().await;
    result
}

async fn open(settings: &Settings, migration: Migration) -> Result<(Store, LoadedKey), Failure> {
    // Fails on a missing key file before a database is created.
    let key_file = settings.key_file.as_deref();
    key_file.map(read_installation_key).transpose().map_err(|error| settings.key_error(error))?;
    let store = open_store(settings, migration).await?;
    let key = store.installation_key(key_file, &SystemRandomness).await;
    Ok((store, key.map_err(|error| settings.key_error(error))?))
}

/// Returns whether the database exists.
pub(crate) async fn is_there(settings: &Settings) -> Result<bool, Failure> {
    match open_store(settings, Migration::Refuse).await {
        Ok(store) => {
            let _ = store.close().await;
            Ok(true)
        }
        Err(Failure::Database(DatabaseError::Missing)) => Ok(false),
        Err(Failure::Database(DatabaseError::Open { source, .. })) if source.is_absent() => {
            Ok(false)
        }
        Err(failure) => Err(failure),
    }
}

/// Opens the store. Unless the configuration has one, a mapping of another application's users
/// table is read from the database.
pub(crate) async fn open_store(
    settings: &Settings,
    migration: Migration,
) -> Result<Store, Failure> {
    let url = settings.url.as_ref().ok_or(DatabaseError::Missing)?.expose();
    let mut options = settings.store.clone();
    options.migrate = false;
    let may_migrate = match Store::open(url, &options).await {
        Err(error) if error.is_missing_file() => migration == Migration::Create,
        Err(error) if error.is_absent() => migration != Migration::Refuse,
        Err(error) if error.is_out_of_date() => migration == Migration::Upgrade,
        opened => return opened.map_err(|error| settings.open_error(error)),
    };
    options.migrate = may_migrate;
    Store::open(url, &options).await.map_err(|error| settings.open_error(error))
}

/// Returns the administration with the user and host of this process in its audit records.
pub(crate) fn as_operator(administration: &Administration) -> Administration {
    let caller = format!("operator:{}", operator());
    administration.clone().acting_for(&caller, Context::new("administration"))
}

#[cfg(unix)]
pub(crate) fn operator() -> String {
    use nix::unistd::{User, geteuid, gethostname};

    let id = geteuid();
    let user = User::from_uid(id).ok().flatten().map_or(id.to_string(), |user| user.name);
    let host = gethostname().unwrap_or_default();
    format!("{user}@{}", host.to_string_lossy())
}

#[cfg(not(unix))]
pub(crate) fn operator() -> String {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    format!("{}@{}", variable("USERNAME"), variable("COMPUTERNAME"))
}

impl AdminContext {
    /// Returns the administration without a hasher.
    pub(crate) fn administration(&self) -> Administration {
        let hasher = Arc::new(NoHasher::new());
        let engine = Engine::builder(self.store.clone(), hasher, self.key.clone());
        as_operator(engine.build().administration())
    }

    /// Returns an engine with a hasher for this database.
    pub(crate) async fn engine(
        &self,
        policy: Policy,
        options: &HasherOptions,
    ) -> Result<Engine, Failure> {
        options.peppers.require(&self.store.peppers().await?)?;
        let mut options = options.clone();
        if self.accounts_are_shared {
            // The application verifies the hashes as well, and does not normalize.
            options.normalization = Normalization::AsReceived;
            if options.peppers.current().is_some() {
                return Err(Failure::Usage(
                    "--pepper-key: not possible, as the accounts are in a table of another \
                     application, which cannot verify peppered hashes"
                        .to_owned(),
                ));
            }
        }
        check_keys(&*self.store, &self.key, &options.peppers).await.map_err(DatabaseError::from)?;
        let hasher = Argon2idHasher::start(&options, Arc::new(SystemRandomness))?;
        let engine = Engine::builder(self.store.clone(), Arc::new(hasher), self.key.clone());
        let engine = engine.policy(policy).lockout(self.lockout);
        Ok(match &self.compromised {
            Some(config) => engine.compromised(config.open()?).build(),
            None => engine.build(),
        })
    }
}
