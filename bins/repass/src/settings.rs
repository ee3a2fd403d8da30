//! The settings of a command: its options, or else the values of the server's configuration file.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use repass_compromised::{Compromised, OnFailure};
use repass_config::{CompromisedConfig, ConfigError, MountConfig, SharedConfig, Vendors};
use repass_core::{ErrorChain, HasherOptions, LockoutPolicy, Peppers, Plaintext, Projects, Realm};
use repass_store::{KeyFileError, OpenError, Store, StoreOptions, read_secret_file};
use tempfile::TempDir;

use crate::cli::{
    DatabaseOptions, GlobalOptions, HashOption, NamedFile, NamedPolicy, PepperKeysOption,
    PolicyOption,
};
use crate::database::DatabaseError;
use crate::failure::Failure;

pub(crate) struct Settings {
    /// The URL of the database.
    pub(crate) url: Option<Plaintext>,
    /// The file of the installation key. `None`: beside the SQLite file.
    pub(crate) key_file: Option<PathBuf>,
    pub(crate) store: StoreOptions,
    pub(crate) lockout: LockoutPolicy,
    /// Whether the database is a temporary one.
    pub(crate) is_scratch: bool,
    /// Where `url` and `key_file` are from, for errors.
    places: [String; 2],
    hasher: HasherOptions,
    file: Option<SharedConfig>,
}

impl Settings {
    /// The policy if there is neither an option nor a file.
    pub(crate) const DEFAULT_POLICY: &str = "nist-800-63b-4";

    /// Reads the configuration file, if one is given.
    pub(crate) fn load(global: GlobalOptions) -> Result<Self, Failure> {
        let GlobalOptions { config, database, .. } = global;
        let DatabaseOptions { url, key_file, schema } = database;
        let url = url.filter(|url| !url.is_empty()).map(Plaintext::new);
        let file = config
            .as_deref()
            .map(|file| repass_config::load_shared(file, &Vendors::bundled()))
            .transpose()?;
        let place = |is_option: bool, option: &str, key: &str| match &config {
            Some(file) if !is_option => format!("{}: {key}", file.display()),
            _ => option.to_owned(),
        };
        let places = [
            place(url.is_some(), "--database", "store.url"),
            place(key_file.is_some(), "--key-file", "store.key_file"),
        ];
        let own = file.as_ref().map(|file| &file.store);
        let mut store = own.map_or_else(StoreOptions::default, |own| own.options.clone());
        store.schema = schema.or(store.schema);
        Ok(Self {
            url: url.or_else(|| own.map(|own| Plaintext::from(own.url.expose()))),
            key_file: key_file.or_else(|| own?.key_file.clone()),
            store,
            lockout: file.as_ref().map(|file| file.lockout).unwrap_or_default(),
            is_scratch: false,
            places,
            hasher: file.as_ref().map(|file| file.hasher.clone()).unwrap_or_default(),
            file,
        })
    }

    /// Returns settings for a temporary database, which is deleted with the folder.
    pub(crate) fn scratch(&self) -> Result<(Self, TempDir), Failure> {
        let folder = tempfile::tempdir().map_err(Failure::Runtime)?;
        let url = Store::file_url(&folder.path().join("dry-run.db"));
        let settings = Self {
            url: Some(Plaintext::new(url.map_err(|error| self.open_error(error))?)),
            key_file: None,
            store: StoreOptions::default(),
            lockout: self.lockout,
            is_scratch: true,
            places: self.places.clone(),
            hasher: self.hasher.clone(),
            file: None,
        };
        Ok((settings, folder))
    }

    /// Returns an error of opening the database, as the server reports it.
    pub(crate) fn open_error(&self, source: OpenError) -> Failure {
        match ConfigError::from_mapping(&source) {
            Some(error) if self.file.is_some() => Failure::Config(error),
            _ => DatabaseError::Open { place: self.places[0].clone(), source }.into(),
        }
    }

    pub(crate) fn key_error(&self, source: KeyFileError) -> Failure {
        DatabaseError::Key { place: self.places[1].clone(), source }.into()
    }

    /// Returns the policy of this name: that of an API, or a preset.
    ///
    /// # Errors
    /// The names that there are.
    pub(crate) fn named_policy(&self, name: &str) -> Result<NamedPolicy, String> {
        let mounts = self.file.iter().flat_map(|file| &file.mounts);
        let mount = mounts.clone().find(|mount| mount.name == name);
        mount.map(of_mount).or_else(|| NamedPolicy::preset(name)).ok_or_else(|| {
            let apis = mounts.map(|mount| mount.name.clone());
            let known: Vec<_> =
                Vendors::bundled().policy_presets().into_iter().chain(apis).collect();
            format!("must be one of {}", known.join(", "))
        })
    }

    /// Returns the policy of the option, or that of the API of this realm.
    pub(crate) fn policy(
        &self,
        option: &PolicyOption,
        realm: Option<&Realm>,
    ) -> Result<NamedPolicy, Failure> {
        if let Some(name) = &option.name {
            let named = self.named_policy(name);
            return named.map_err(|reason| Failure::Usage(format!("--policy '{name}': {reason}")));
        }
        let Some(file) = &self.file else {
            let preset = NamedPolicy::preset(Self::DEFAULT_POLICY);
            return preset.ok_or_else(|| Failure::Usage("--policy is required".to_owned()));
        };
        let mut of_realm = file.mounts.iter().filter(|mount| Some(&mount.realm) == realm);
        let Some(first) = of_realm.next() else {
            return Ok(NamedPolicy {
                name: "[policy]".to_owned(),
                policy: file.policy.clone(),
                origin: file.policy_origin.clone(),
            });
        };
        let rules = |policy: &repass_core::Policy| format!("{policy:?}");
        match of_realm.find(|other| rules(&other.policy) != rules(&first.policy)) {
            None => Ok(of_mount(first)),
            Some(other) => Err(Failure::Usage(format!(
                "the APIs {} and {} of realm {} have different policies; give one of the names \
                 with --policy",
                first.name, other.name, first.realm
            ))),
        }
    }

    /// Opens the sources of passwords from breaches of the configuration file, or the corpus of the
    /// option.
    pub(crate) fn compromised(
        &self,
        corpus: Option<&Path>,
    ) -> Result<Option<Arc<Compromised>>, Failure> {
        if let Some(corpus) = corpus {
            let source = Compromised::new(OnFailure::Refuse).with_corpus(corpus)?;
            return Ok(Some(Arc::new(source)));
        }
        Ok(self.compromised_config().map(CompromisedConfig::open).transpose()?)
    }

    /// The sources of passwords from breaches of the configuration file.
    pub(crate) fn compromised_config(&self) -> Option<&CompromisedConfig> {
        self.file.as_ref()?.compromised.as_ref()
    }

    /// Reads the key files of the options, and returns how passwords are hashed.
    pub(crate) fn hasher(&self, option: &HashOption) -> Result<HasherOptions, Failure> {
        let firebase = option.firebase_keys.as_slice();
        Ok(HasherOptions {
            profile: option.hash_profile.unwrap_or(self.hasher.profile),
            // Enough for one password.
            threads: NonZeroUsize::MIN,
            peppers: Arc::new(self.peppers(&option.pepper_keys, option.pepper.as_deref())?),
            projects: match firebase {
                [] => Arc::clone(&self.hasher.projects),
                keys => Arc::new(projects(keys)?),
            },
            ..self.hasher.clone()
        })
    }

    /// Reads the pepper keys of the option, or else returns those of the file. New hashes use
    /// `current`, or else the last key of the option.
    pub(crate) fn peppers(
        &self,
        option: &PepperKeysOption,
        current: Option<&str>,
    ) -> Result<Peppers, Failure> {
        let given = option.files.as_slice();
        let peppers = match given {
            [] => (*self.hasher.peppers).clone(),
            keys => keys.iter().try_fold(Peppers::none(), |peppers, named| {
                with_key("--pepper-key", named, |key| peppers.with_encoded(&named.name, key))
            })?,
        };
        match current.or(given.last().map(|named| named.name.as_str())) {
            None => Ok(peppers),
            Some(id) => peppers.with_current(id).map_err(|_| {
                Failure::Usage(format!(
                    "--pepper {id}: no pepper key has this id; give its file with --pepper-key"
                ))
            }),
        }
    }
}

fn of_mount(mount: &MountConfig) -> NamedPolicy {
    NamedPolicy {
        name: mount.name.clone(),
        policy: mount.policy.clone(),
        origin: mount.policy_origin.clone(),
    }
}

fn projects(keys: &[NamedFile]) -> Result<Projects, Failure> {
    keys.iter().try_fold(Projects::none(), |projects, named| {
        with_key("--firebase-key", named, |key| projects.with_encoded(&named.name, key))
    })
}

/// Reads the key file of an option and passes the key to `add`.
fn with_key<T, E: std::fmt::Display>(
    option: &'static str,
    NamedFile { file, .. }: &NamedFile,
    add: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, Failure> {
    let key = read_secret_file(file)
        .map_err(|error| Failure::SecretFile { option, reason: ErrorChain(&error).to_string() })?;
    add(key.expose().trim()).map_err(|error| Failure::SecretFile {
        option,
        reason: format!("{}: {error}", file.display()),
    })
}
