//! Wiring: a configuration becomes a service.

use std::error::Error;
use std::sync::Arc;

use repass_core::{
    AccountFilter, AdministrationStore, Argon2idHasher, Engine, SystemClock, SystemRandomness,
    argon2_self_check,
};
use repass_http::{Limits, Mount, PasswordService};
use repass_outbox::Courier;
use repass_store::{OpenError, SqlStore, load_installation_key};

use crate::config::{Config, ConfigError};

/// Everything that serves, put together.
pub(crate) struct App {
    pub(crate) service: PasswordService,
    pub(crate) store: SqlStore,
    pub(crate) engine: Engine,
    pub(crate) hasher: Arc<Argon2idHasher>,
}

impl App {
    pub(crate) async fn open(config: &Config) -> Result<Self, Box<dyn Error>> {
        for warning in config.warnings() {
            tracing::warn!("{warning}");
        }
        let url = config.store.url.expose();
        let store = SqlStore::open_with(url, &config.store.options).await;
        let store = store.map_err(|error| -> Box<dyn Error> {
            match error {
                OpenError::AccountsTable { table, problems } => {
                    ConfigError::Accounts { table, problems }.into()
                }
                error => error.into(),
            }
        })?;
        let needed = store.peppers().await?;
        config.hasher.peppers.require(&needed).map_err(ConfigError::from)?;
        let key_file = config.store.key_file.as_deref();
        let loaded = load_installation_key(url, key_file, &SystemRandomness)?;
        if loaded.created {
            let file = loaded.path.display();
            let any = AccountFilter { limit: 1, ..AccountFilter::default() };
            if store.accounts(&any).await?.is_empty() {
                tracing::info!(%file, "made an installation key; back it up");
            } else {
                tracing::warn!(
                    %file,
                    "the installation key of this database was missing and a new one was made; \
                     one-time passwords that were enrolled before can no longer be verified"
                );
            }
        }
        if loaded.open_to_others {
            tracing::warn!(file = %loaded.path.display(), "others can read the installation key");
        }
        let key = loaded.key;
        if let Err(error) = argon2_self_check() {
            tracing::warn!(%error, "hashing is slower than it could be");
        }
        tracing::info!(kernel = config.hasher.kernel.as_str(), "hashing");
        let hasher = Arc::new(Argon2idHasher::start(&config.hasher, Arc::new(SystemRandomness))?);
        let engine = Engine::builder(Arc::new(store.clone()), hasher.clone(), key)
            .lockout(config.lockout)
            .build();
        let limits = Limits {
            body_timeout: config.server.body_timeout,
            // Those that are hashed, those that wait for that, and as many again on their way to and
            // from the database. More would only wait there, past any deadline.
            changes: config
                .hasher
                .queue
                .get()
                .saturating_mul(2)
                .saturating_add(config.hasher.threads.get()),
            ..Limits::default()
        };
        let mut builder = PasswordService::builder(Arc::new(engine.clone())).limits(limits);
        for mount in &config.mounts {
            let engine = engine.with_policy(mount.policy.clone());
            builder = builder.mount(
                Mount::new(Arc::clone(&mount.spec), mount.realm.clone(), &engine)
                    .with_prefix(mount.prefix.clone())
                    .with_name(&mount.name),
            );
        }
        Ok(Self { service: builder.build()?, engine, store, hasher })
    }

    /// Who delivers events, if anybody wants to hear of them.
    pub(crate) fn courier(&self, config: &Config) -> Option<Courier> {
        let channels = config.outbox.channels();
        if channels.is_empty() {
            return None;
        }
        Some(Courier::new(
            Arc::new(self.store.clone()),
            channels,
            config.outbox.options.clone(),
            Arc::new(SystemClock),
            Arc::new(SystemRandomness),
        ))
    }

    pub(crate) async fn close(self) -> Result<(), Box<dyn Error>> {
        self.hasher.shutdown().await;
        Ok(self.store.close().await?)
    }
}
