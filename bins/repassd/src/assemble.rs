//! Builds the service from a configuration.

use std::error::Error;
use std::sync::Arc;

use repass_admin_api::{AdminApi, Options};
use repass_compromised::Compromised;
use repass_core::{
    Argon2idHasher, Clock, CredentialStore, Engine, InstallationKey, KeyCheckError, SystemClock,
    SystemRandomness, argon2_self_check, check_keys,
};
use repass_http::{Limits, Mount, PasswordService};
use repass_outbox::{Channel, OutboxDispatcher};
use repass_pages::Pages;
use repass_store::{OpenError, Store};
use repass_token_issuers::TokenIssuers;

use crate::front::Front;
use repass_config::{CompromisedConfig, Config, ConfigError, TokensConfig};

/// The database was created with other keys.
#[derive(Debug, thiserror::Error)]
#[error(
    "the keys do not match the database; restore the right ones, or, if they are lost, see `repass \
     database accept-keys --help`"
)]
pub(crate) struct KeysDoNotMatch(#[source] pub(crate) KeyCheckError);

impl KeysDoNotMatch {
    /// Returns whether another key must be given; otherwise, the database failed.
    pub(crate) fn is_configuration(&self) -> bool {
        !matches!(self.0, KeyCheckError::Store(_))
    }
}

/// Returns the error of opening a database, with the keys of a mapping that does not match.
pub(crate) fn open_error(error: OpenError) -> Box<dyn Error> {
    match ConfigError::from_mapping(&error) {
        Some(mapping) => mapping.into(),
        None => error.into(),
    }
}

/// The parts of a running server.
pub(crate) struct App {
    pub(crate) service: PasswordService,
    pub(crate) store: Store,
    pub(crate) engine: Engine,
    pub(crate) hasher: Arc<Argon2idHasher>,
    pub(crate) compromised: Option<Arc<Compromised>>,
    pub(crate) key: Arc<InstallationKey>,
}

impl App {
    pub(crate) async fn open(config: &Config) -> Result<Self, Box<dyn Error>> {
        for warning in config.warnings(SystemClock.now()) {
            tracing::warn!("{warning}");
        }
        let url = config.store.url.expose();
        let store = Store::open(url, &config.store.options).await;
        let store = store.map_err(open_error)?;
        if store.schema_ahead() {
            tracing::warn!("the database was migrated by a newer version; upgrade this node");
        }
        let ports = store.ports();
        let needed = ports.peppers().await?;
        config.hasher.peppers.require(&needed).map_err(ConfigError::from)?;
        let key_file = config.store.key_file.as_deref();
        let loaded = store.installation_key(key_file, &SystemRandomness).await?;
        check_keys(&*ports, &loaded.key, &config.hasher.peppers).await.map_err(KeysDoNotMatch)?;
        if loaded.created {
            tracing::info!(file = %loaded.path.display(), "created an installation key; back it up");
        }
        if loaded.accessible_to_others {
            tracing::warn!(file = %loaded.path.display(), "other users can read the installation key; restrict the mode of the file to its owner");
        }
        let key = Arc::new(loaded.key);
        if let Err(error) = argon2_self_check() {
            tracing::warn!(%error, "hashing uses a slower kernel than this CPU supports");
        }
        let hasher = Arc::new(Argon2idHasher::start(&config.hasher, Arc::new(SystemRandomness))?);
        let compromised = config.compromised.as_ref().map(CompromisedConfig::open).transpose()?;
        let engine = Engine::builder(ports.clone(), hasher.clone(), key.clone())
            .policy(config.policy.clone())
            .lockout(config.lockout);
        let engine = match &compromised {
            Some(source) => engine.compromised(source.clone()),
            None => engine,
        };
        let engine = engine.build();
        let limits = Limits {
            body_timeout: config.server.body_timeout,
            changes: config.server.concurrent_changes.get(),
            queued_changes: config.hasher.queue.get(),
            queue_timeout: config.hasher.deadline,
            ..Limits::default()
        };
        let mut builder = PasswordService::builder(Arc::new(engine.clone())).limits(limits);
        for mount in &config.mounts {
            let engine = engine.with_policy(mount.policy.clone());
            let mut served = Mount::new(Arc::clone(&mount.spec), mount.realm.clone(), &engine)
                .with_prefix(mount.prefix.clone())
                .with_name(&mount.name);
            if let Some(tokens) = &mount.tokens {
                let issuers = token_issuers(tokens, Arc::new(engine), ports.clone());
                served = served.with_authenticator(Arc::new(issuers));
            }
            builder = builder.mount(served);
        }
        Ok(Self { service: builder.build()?, engine, store, hasher, key, compromised })
    }

    /// Returns the admin API. The policy of a realm is that of its first API by name.
    pub(crate) fn admin_api(&self, config: &Config) -> AdminApi {
        let own = &config.admin_api;
        let mut options = Options::default();
        for mount in &config.mounts {
            let realm = mount.realm.clone();
            options.policies.insert(realm, config.policy_of(&mount.realm).clone());
        }
        options.mails_resets = config.outbox.mails_resets();
        options.allow_setting_passwords = own.allow_setting_passwords;
        options.evaluate_at_sign_in = own.evaluate_at_sign_in;
        options.max_token_lifetime = own.max_token_lifetime;
        options.resets_per_hour = own.resets_per_hour;
        options.issuer.clone_from(&own.issuer);
        options.peppers = config.hasher.peppers.clone();
        options.body_timeout = config.server.body_timeout;
        AdminApi::new(self.engine.clone(), options)
    }

    /// Returns the service of `listen`: the APIs and, if they are configured, the pages.
    pub(crate) fn front(&self, config: &Config) -> Front {
        let pages = config.pages.clone().map(|mut options| {
            options.admission = Some(self.service.clone());
            options.body_timeout = config.server.body_timeout;
            let policy = config.policy_of(&options.realm).clone();
            Pages::new(self.engine.with_policy(policy), options)
        });
        Front::new(self.service.clone(), pages)
    }

    /// Returns the dispatcher of events, if a channel is configured.
    pub(crate) fn dispatcher(&self, config: &Config) -> Option<OutboxDispatcher> {
        let channels = config.outbox.channels.iter().map(|own| own.channel(&self.key));
        self.dispatcher_to(config, channels.collect())
    }

    /// Returns the dispatcher of events to these channels, if there are any.
    pub(crate) fn dispatcher_to(
        &self,
        config: &Config,
        channels: Vec<Arc<dyn Channel>>,
    ) -> Option<OutboxDispatcher> {
        if channels.is_empty() {
            return None;
        }
        Some(OutboxDispatcher::new(
            self.store.ports(),
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

/// Returns an authenticator for the keys of repass and these access tokens.
fn token_issuers(
    tokens: &TokensConfig,
    engine: Arc<Engine>,
    accounts: Arc<dyn CredentialStore>,
) -> TokenIssuers {
    let mut issuers = TokenIssuers::new(engine, accounts, Arc::new(SystemClock));
    if !tokens.own {
        issuers = issuers.without_inner_tokens();
    }
    for issuer in &tokens.jwt {
        issuers = issuers.with_jwt(Arc::clone(issuer));
    }
    for endpoint in &tokens.introspection {
        issuers = issuers.with_introspection(Arc::clone(endpoint));
    }
    issuers
}
