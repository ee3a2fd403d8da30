use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::password_change::PasswordChangeService;
use crate::{
    Administration, AdministrationStore, CallerAuthenticator, Change, ChangeError, ChangeOutcome,
    Changed, Clock, CredentialStore, Hasher, HeldToken, InstallationKey, Key, KeyIdentity, KeyKind,
    LockoutPolicy, Plaintext, Policy, Randomness, Realm, StoreError, SystemClock, SystemRandomness,
    TokenDigest, TokenIdentity, TokenStore,
};
use async_trait::async_trait;

/// Everything that changing and administering passwords takes: the store, the hasher, the installation
/// key, the clock, the random source and the policy, each given once. Cheap to clone.
///
/// It changes passwords ([`change`](Self::change)), administers accounts, keys and tokens
/// ([`administration`](Self::administration)), and authenticates callers by them
/// ([`CallerAuthenticator`]).
///
/// An engine over a store of credentials alone ([`for_credentials`](Engine::for_credentials)) is an
/// `Engine<()>`: it changes passwords and does nothing else.
#[derive(Clone)]
pub struct Engine<A = Administration> {
    changes: PasswordChangeService,
    administration: A,
}

impl Engine {
    /// Starts to put an engine together over a whole store. The installation key is the one that the
    /// store's one-time passwords were enrolled with; all engines over one store share it.
    pub fn builder(
        store: Arc<dyn AdministrationStore>,
        hasher: Arc<dyn Hasher>,
        key: impl Into<Arc<InstallationKey>>,
    ) -> EngineBuilder<Arc<dyn AdministrationStore>> {
        let mut builder = EngineBuilder::new(store.clone(), hasher, key.into(), store.clone());
        builder.changes.tokens = Some(store);
        builder
    }

    /// Starts to put an engine together over a store of credentials alone, such as an application's
    /// users table. Every reset token and every one-time password is rejected.
    pub fn for_credentials(
        store: Arc<dyn CredentialStore>,
        hasher: Arc<dyn Hasher>,
        key: impl Into<Arc<InstallationKey>>,
    ) -> EngineBuilder<()> {
        EngineBuilder::new(store, hasher, key.into(), ())
    }

    /// Accounts, keys, tokens, one-time passwords and the audit trail.
    pub fn administration(&self) -> &Administration {
        &self.administration
    }

    /// The same engine with another policy for new passwords.
    #[must_use]
    pub fn with_policy(&self, policy: Policy) -> Self {
        let mut other = self.clone();
        other.changes.policy = policy.clone();
        other.administration = other.administration.with_policy(policy);
        other
    }
}

impl<A> Engine<A> {
    /// Changes the password, or says why not. When it returns `Ok` the change is durable; every try
    /// leaves an audit record (ASVS 16.3.1), but for repeated refusals of an account that is locked
    /// out: one record a minute counts them. Where the hasher is [overloaded](Hasher::overloaded)
    /// nothing is tried, and the error is [`ChangeError::Busy`].
    ///
    /// # Errors
    /// See [`ChangeError`]. A refusal by the policy spends no token and counts as no failure.
    pub async fn change(&self, change: Change) -> Result<Changed, ChangeError> {
        self.attempt(change).await.result
    }

    /// The same, with the account that it was about: for logs and metrics. It must not reach the
    /// caller, who would learn which accounts exist (ASVS 6.3.8).
    pub async fn attempt(&self, change: Change) -> ChangeOutcome {
        self.changes.change(change).await
    }

    /// The policy for new passwords.
    pub fn policy(&self) -> &Policy {
        &self.changes.policy
    }
}

/// Forgets the administration: what a front end for changes needs.
impl<A> From<&Engine<A>> for Engine<()> {
    fn from(engine: &Engine<A>) -> Self {
        Self { changes: engine.changes.clone(), administration: () }
    }
}

/// By the keys and access tokens of the engine's store.
#[async_trait]
impl CallerAuthenticator for Engine {
    /// `None` when the key is unknown, revoked, of another kind or of another realm.
    async fn key(
        &self,
        realm: &Realm,
        kind: KeyKind,
        secret: &Plaintext,
    ) -> Result<Option<KeyIdentity>, StoreError> {
        let key = self.administration.store().key(&TokenDigest::from_secret(secret)).await?;
        Ok(key.and_then(|key| identity_of_key(key, realm, kind)))
    }

    /// `None` when the token is unknown, expired, revoked, of another realm, of an inactive account, or
    /// issued up to the moment of the account's last change of password and not kept by that
    /// ([`HeldToken::is_valid_at`]).
    async fn access_token(
        &self,
        realm: &Realm,
        secret: &Plaintext,
    ) -> Result<Option<TokenIdentity>, StoreError> {
        let held =
            self.administration.store().access_token(&TokenDigest::from_secret(secret)).await?;
        Ok(held.and_then(|held| self.identity_of_token(held, realm)))
    }

    /// The usual pair needs the store only once.
    async fn key_and_access_token(
        &self,
        realm: &Realm,
        kind: KeyKind,
        key: &Plaintext,
        token: &Plaintext,
    ) -> Result<(Option<KeyIdentity>, Option<TokenIdentity>), StoreError> {
        let (key, token) = (TokenDigest::from_secret(key), TokenDigest::from_secret(token));
        let (key, held) = self.administration.store().key_and_access_token(&key, &token).await?;
        let key = key.and_then(|key| identity_of_key(key, realm, kind));
        Ok((key, held.and_then(|held| self.identity_of_token(held, realm))))
    }
}

impl Engine {
    fn identity_of_token(&self, held: HeldToken, realm: &Realm) -> Option<TokenIdentity> {
        let counts = held.realm == *realm && held.is_valid_at(self.changes.clock.now());
        let token = held.token;
        counts.then_some(TokenIdentity {
            id: token.id,
            account: token.account,
            realm: held.realm,
            user_id: held.user_id,
            roles: token.roles,
        })
    }
}

fn identity_of_key(key: Key, realm: &Realm, kind: KeyKind) -> Option<KeyIdentity> {
    let counts = key.realm == *realm && key.kind == kind && key.revoked_at.is_none();
    counts.then_some(KeyIdentity { id: key.id, realm: key.realm, kind: key.kind })
}

impl<A> fmt::Debug for Engine<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("policy", &self.changes.policy)
            .field("lockout", &self.changes.lockout)
            .finish_non_exhaustive()
    }
}

/// Puts an [`Engine`] together. What is not said is the safe default: the policies of
/// NIST, the machine's clock and random source.
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
        };
        Self { changes, store }
    }

    /// The policy for new passwords.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.changes.policy = policy;
        self
    }

    /// When failures lock an account out.
    pub fn lockout(mut self, lockout: LockoutPolicy) -> Self {
        self.changes.lockout = lockout;
        self
    }

    /// Where the time comes from.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.changes.clock = clock;
        self
    }

    /// Where random bytes come from.
    pub fn randomness(mut self, randomness: Arc<dyn Randomness>) -> Self {
        self.changes.randomness = randomness;
        self
    }
}

impl EngineBuilder<Arc<dyn AdministrationStore>> {
    /// The finished engine.
    pub fn build(self) -> Engine {
        let administration = Administration::new(self.store, &self.changes);
        Engine { changes: self.changes, administration }
    }
}

impl EngineBuilder<()> {
    /// Where reset tokens and one-time passwords are looked up. If unset, each of them is rejected.
    pub fn tokens(mut self, tokens: Arc<dyn TokenStore>) -> Self {
        self.changes.tokens = Some(tokens);
        self
    }

    /// The finished engine.
    pub fn build(self) -> Engine<()> {
        Engine { changes: self.changes, administration: () }
    }
}
