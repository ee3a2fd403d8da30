use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::clock::after;
use crate::engine_status::EngineStatus;
use crate::password_change::PasswordChangeService;
use crate::{
    AccessToken, Administration, AdministrationStore, AuthenticationError, CallerAuthenticator,
    Change, ChangeError, ChangeOutcome, Changed, Clock, CompromisedPasswords, CompromisedRule,
    CompromisedUnavailable, ContextWords, CredentialStore, ErrorChain, Hasher, HeldToken,
    InstallationKey, Key, KeyIdentity, KeyKind, LockoutPolicy, Plaintext, Policy, Randomness,
    Realm, SignIn, SignInError, SignedIn, StoreError, SystemClock, SystemRandomness, TokenDigest,
    TokenIdentity, TokenStore, Violation,
};
use async_trait::async_trait;

/// Owns the store, the hasher, the installation key, the clock, the random source and the policy.
/// Cheap to clone.
///
/// It changes passwords ([`change`](Self::change)), administers accounts, keys and tokens
/// ([`administration`](Self::administration)), and authenticates callers
/// ([`CallerAuthenticator`]).
///
/// An engine for a store of credentials only ([`for_credentials`](Engine::for_credentials)) is an
/// `Engine<()>`, which changes passwords and does nothing else.
#[derive(Clone)]
pub struct Engine<A = Administration> {
    changes: PasswordChangeService,
    administration: A,
}

impl Engine {
    /// Returns a builder of an engine for a whole store. All engines of one store must have the
    /// same installation key, since one-time password secrets are sealed with it.
    pub fn builder(
        store: Arc<dyn AdministrationStore>,
        hasher: Arc<dyn Hasher>,
        key: impl Into<Arc<InstallationKey>>,
    ) -> EngineBuilder<Arc<dyn AdministrationStore>> {
        let mut builder = EngineBuilder::new(store.clone(), hasher, key.into(), store.clone());
        builder.changes.tokens = Some(store);
        builder
    }

    /// Returns a builder of an engine for a store of credentials only, such as an application's
    /// users table. Reset tokens and one-time passwords are rejected unless
    /// [`tokens`](EngineBuilder::tokens) is set.
    pub fn for_credentials(
        store: Arc<dyn CredentialStore>,
        hasher: Arc<dyn Hasher>,
        key: impl Into<Arc<InstallationKey>>,
    ) -> EngineBuilder<()> {
        EngineBuilder::new(store, hasher, key.into(), ())
    }

    /// Administers accounts, keys, tokens and one-time passwords.
    pub fn administration(&self) -> &Administration {
        &self.administration
    }

    /// Returns the same engine with another policy for new passwords.
    #[must_use]
    pub fn with_policy(&self, policy: Policy) -> Self {
        let mut other = self.clone();
        other.changes.policy = policy.clone();
        other.administration = other.administration.with_policy(policy);
        other
    }
}

impl<A> Engine<A> {
    /// Changes the password. When it returns `Ok`, the change is durable. Each attempt writes an
    /// audit record (ASVS 16.3.1); repeated refusals of a locked-out account are counted in one
    /// record a minute.
    ///
    /// # Errors
    /// See [`ChangeError`]. A refusal by the policy spends no token and is not a failure.
    pub async fn change(&self, change: Change) -> Result<Changed, ChangeError> {
        self.attempt(change).await.result
    }

    /// Changes the password like [`change`](Self::change), and also returns the account, for logs
    /// and metrics. Do not show it to the caller, who would learn which accounts exist (ASVS
    /// 6.3.8).
    pub async fn attempt(&self, change: Change) -> ChangeOutcome {
        self.changes.change(change).await
    }

    /// Verifies a password without changing it, with the attempts, the lockouts and the cost of a
    /// change. Success clears the account's failures, spends the one-time password and replaces a
    /// hash that needs a rehash. The password alone does not clear the failures of an account with
    /// one-time passwords, so that these cannot be guessed without limit. Each attempt writes an
    /// audit record (ASVS 16.3.1); repeated refusals of a locked-out account are counted in one
    /// record a minute.
    ///
    /// # Errors
    /// See [`SignInError`].
    pub async fn sign_in(&self, sign_in: SignIn) -> Result<SignedIn, SignInError> {
        self.changes.sign_in(sign_in).await
    }

    /// Returns what the policy refuses in a password that is not set. Passwords from breaches are
    /// looked up if the policy refuses them. The current and earlier passwords of the account are not
    /// compared, since that would be a way to guess them.
    ///
    /// # Errors
    /// When the source of passwords from breaches cannot be asked.
    pub async fn evaluate(
        &self,
        candidate: &Arc<Plaintext>,
        words: ContextWords<'_>,
    ) -> Result<Vec<Violation>, CompromisedUnavailable> {
        self.policy().evaluate_with(candidate, words, self.changes.compromised.as_deref()).await
    }

    /// Returns what is done about passwords from breaches:
    /// [nothing](CompromisedRule::Off) if there is no source of them.
    pub fn compromised_rule(&self) -> CompromisedRule {
        let has_source = self.changes.compromised.is_some();
        if has_source { self.policy().rules().compromised } else { CompromisedRule::Off }
    }

    /// Returns the counts of this engine and its clones.
    pub fn status(&self) -> EngineStatus {
        self.changes.counters.status()
    }

    /// Returns the policy for new passwords.
    pub fn policy(&self) -> &Policy {
        &self.changes.policy
    }

    /// Returns the random source.
    pub fn randomness(&self) -> &dyn Randomness {
        &*self.changes.randomness
    }
}

/// Drops the administration, for servers that only change passwords.
impl<A> From<&Engine<A>> for Engine<()> {
    fn from(engine: &Engine<A>) -> Self {
        Self { changes: engine.changes.clone(), administration: () }
    }
}

impl Engine {
    /// Returns the active admin key of this secret, of any realm.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn admin_key(&self, secret: &Plaintext) -> Result<Option<Key>, StoreError> {
        let key = self.administration.store().key(&TokenDigest::from_secret(secret)).await?;
        Ok(key.filter(|key| key.kind == KeyKind::Admin && key.revoked_at.is_none()))
    }
}

/// Authenticates callers by the keys and access tokens of the engine's store.
#[async_trait]
impl CallerAuthenticator for Engine {
    /// Returns `None` if the key is unknown, revoked, of another kind or of another realm.
    async fn key(
        &self,
        realm: &Realm,
        kind: KeyKind,
        secret: &Plaintext,
    ) -> Result<Option<KeyIdentity>, AuthenticationError> {
        let key = self.administration.store().key(&TokenDigest::from_secret(secret)).await?;
        Ok(key.and_then(|key| key_identity(key, realm, kind)))
    }

    /// Returns `None` if the token is unknown, of another realm, or not valid now
    /// ([`HeldToken::is_valid_at`]).
    async fn access_token(
        &self,
        realm: &Realm,
        secret: &Plaintext,
    ) -> Result<Option<TokenIdentity>, AuthenticationError> {
        Ok(self.valid_token(realm, secret).await?.map(token_identity))
    }

    /// Queries the store once for both.
    async fn key_and_access_token(
        &self,
        realm: &Realm,
        kind: KeyKind,
        key: &Plaintext,
        token: &Plaintext,
    ) -> Result<(Option<KeyIdentity>, Option<TokenIdentity>), AuthenticationError> {
        let (key, token) = (TokenDigest::from_secret(key), TokenDigest::from_secret(token));
        let (key, held) = self.administration.store().key_and_access_token(&key, &token).await?;
        let key = key.and_then(|key| key_identity(key, realm, kind));
        Ok((key, self.used(realm, held).await.map(token_identity)))
    }
}

impl Engine {
    /// Returns the access token of the realm with this secret, if it is valid now, and records its
    /// use.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn valid_token(
        &self,
        realm: &Realm,
        secret: &Plaintext,
    ) -> Result<Option<HeldToken>, StoreError> {
        let digest = TokenDigest::from_secret(secret);
        let held = self.administration.store().access_token(&digest).await?;
        Ok(self.used(realm, held).await)
    }

    /// Returns the token if it is valid now, and records its use if that is due.
    async fn used(&self, realm: &Realm, held: Option<HeldToken>) -> Option<HeldToken> {
        let now = self.changes.now_in_store_precision();
        let held = held.filter(|held| held.realm == *realm && held.is_valid_at(now))?;
        let AccessToken { id, last_used_at, .. } = held.token;
        if last_used_at.is_none_or(|at| after(at, AccessToken::USE_PERIOD) <= now) {
            let recorded = self.administration.store().record_token_use(id, now).await;
            if let Err(error) = recorded {
                let error = ErrorChain(&error).to_string();
                tracing::warn!(error, token = %id.0, "the use of an access token was not recorded");
            }
        }
        Some(held)
    }
}

fn token_identity(held: HeldToken) -> TokenIdentity {
    let HeldToken { token, realm, user_id, .. } = held;
    let (id, account, roles) = (token.id, token.account, token.roles);
    TokenIdentity { id, issuer: None, account, realm, user_id, roles }
}

fn key_identity(key: Key, realm: &Realm, kind: KeyKind) -> Option<KeyIdentity> {
    let is_valid = key.realm == *realm && key.kind == kind && key.revoked_at.is_none();
    is_valid.then_some(KeyIdentity { id: key.id, realm: key.realm, kind: key.kind })
}

impl<A> fmt::Debug for Engine<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("policy", &self.changes.policy)
            .field("lockout", &self.changes.lockout)
            .finish_non_exhaustive()
    }
}

/// Builds an [`Engine`]. The defaults are NIST's policies and the system's clock and random source.
#[must_use]
pub struct EngineBuilder<S> {
    changes: PasswordChangeService,
    store: S,
}

impl<S> EngineBuilder<S> {
    fn new(
        credentials: Arc<dyn CredentialStore>,
        hasher: Arc<dyn Hasher>,
        key: Arc<InstallationKey>,
        store: S,
    ) -> Self {
        let changes = PasswordChangeService {
            store: credentials,
            tokens: None,
            hasher,
            policy: Policy::nist_800_63b_4(),
            lockout: LockoutPolicy::default(),
            key,
            clock: Arc::new(SystemClock),
            randomness: Arc::new(SystemRandomness),
            tries: Arc::new(AtomicU64::new(0)),
            refusals: Arc::default(),
            counters: Arc::default(),
            compromised: None,
        };
        Self { changes, store }
    }

    /// Sets the policy for new passwords.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.changes.policy = policy;
        self
    }

    /// Sets the source of passwords that are known from breaches. Without one, no password is looked
    /// up.
    pub fn compromised(mut self, source: Arc<dyn CompromisedPasswords>) -> Self {
        self.changes.compromised = Some(source);
        self
    }

    /// Sets the lockout policy.
    pub fn lockout(mut self, lockout: LockoutPolicy) -> Self {
        self.changes.lockout = lockout;
        self
    }

    /// Sets the clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.changes.clock = clock;
        self
    }

    /// Sets the random source.
    pub fn randomness(mut self, randomness: Arc<dyn Randomness>) -> Self {
        self.changes.randomness = randomness;
        self
    }
}

impl EngineBuilder<Arc<dyn AdministrationStore>> {
    /// Builds the engine.
    pub fn build(self) -> Engine {
        let administration = Administration::new(self.store, &self.changes);
        Engine { changes: self.changes, administration }
    }
}

impl EngineBuilder<()> {
    /// Sets the store of reset tokens and one-time passwords. If unset, all of them are rejected.
    pub fn tokens(mut self, tokens: Arc<dyn TokenStore>) -> Self {
        self.changes.tokens = Some(tokens);
        self
    }

    /// Builds the engine.
    pub fn build(self) -> Engine<()> {
        Engine { changes: self.changes, administration: () }
    }
}
