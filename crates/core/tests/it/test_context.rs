//! A context with one account, a manual clock and a counting hasher.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use repass_core::{
    Account, AccountId, Administration, AdministrationStore, Argon2idHasher, AuditFilter,
    AuditRecord, Authorization, Change, ChangeError, Changed, Clock, Context, CredentialStore,
    Engine, HashError, HashedPassword, Hasher, HasherOptions, ImportOutcome, ImportedPassword,
    InstallationKey, NewAccount, NewImport, NewPassword, Plaintext, Policy, PolicyContext, Profile,
    Proof, Realm, Subject, SystemRandomness, random_uuid,
};
use repass_testkit::{ManualClock, MemoryStore, fixtures};

pub(crate) const OLD: &str = "the first of my passwords";
pub(crate) const NEW: &str = "a second one, quite different";

pub(crate) struct TestContext {
    pub(crate) engine: Engine,
    pub(crate) operator: Administration,
    pub(crate) store: MemoryStore,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) hasher: Arc<CountingHasher>,
    pub(crate) key: Arc<InstallationKey>,
}

#[derive(Debug)]
pub(crate) struct CountingHasher {
    inner: Argon2idHasher,
    pub(crate) verified: AtomicUsize,
    pub(crate) hashed: AtomicUsize,
    /// The number of verifications that fail as busy.
    pub(crate) busy: AtomicUsize,
    /// The number of verifications before those.
    unaffected: AtomicUsize,
    /// Whether new hashes fail as busy.
    refuses: AtomicBool,
}

#[async_trait]
impl Hasher for CountingHasher {
    async fn hash(&self, password: NewPassword) -> Result<HashedPassword, HashError> {
        if self.refuses.load(Ordering::SeqCst) {
            return Err(HashError::Busy { retry_after: Duration::from_secs(1) });
        }
        self.hashed.fetch_add(1, Ordering::SeqCst);
        self.inner.hash(password).await
    }

    async fn verify(
        &self,
        password: Arc<Plaintext>,
        hash: &HashedPassword,
    ) -> Result<bool, HashError> {
        let take = |count: &AtomicUsize| {
            count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok()
        };
        if !take(&self.unaffected) && take(&self.busy) {
            return Err(HashError::Busy { retry_after: Duration::from_secs(1) });
        }
        let result = self.inner.verify(password, hash).await;
        if !result.as_ref().is_err_and(HashError::is_unverifiable) {
            self.verified.fetch_add(1, Ordering::SeqCst);
        }
        result
    }

    fn dummy_hash(&self) -> &HashedPassword {
        self.inner.dummy_hash()
    }

    fn is_current(&self, hash: &HashedPassword) -> bool {
        self.inner.is_current(hash)
    }

    fn determines(&self, hash: &HashedPassword, password: &Plaintext) -> bool {
        self.inner.determines(hash, password)
    }

    fn costs_as_dummy_hash(&self, hash: &HashedPassword) -> bool {
        self.inner.costs_as_dummy_hash(hash)
    }
}

impl CountingHasher {
    /// Returns the number of verifications since the last call, without those of unverifiable
    /// hashes, which cost nothing.
    pub(crate) fn take_verified(&self) -> usize {
        self.verified.swap(0, Ordering::SeqCst)
    }

    /// Lets the verification after this number of others fail as busy.
    #[cfg(feature = "hash-families")]
    pub(crate) fn busy_after(&self, verifications: usize) {
        self.unaffected.store(verifications, Ordering::SeqCst);
        self.busy.store(1, Ordering::SeqCst);
    }

    #[cfg(feature = "hash-families")]
    pub(crate) fn refuse_hashes(&self, refuses: bool) {
        self.refuses.store(refuses, Ordering::SeqCst);
    }
}

impl TestContext {
    pub(crate) async fn new() -> Self {
        Self::with_policy(Policy::nist_800_63b_4()).await
    }

    pub(crate) async fn with_policy(policy: Policy) -> Self {
        Self::with(policy, HasherOptions::default()).await
    }

    #[cfg(feature = "hash-families")]
    pub(crate) async fn with_projects(projects: repass_core::Projects) -> Self {
        let projects = Arc::new(projects);
        Self::with(Policy::nist_800_63b_4(), HasherOptions { projects, ..HasherOptions::default() })
            .await
    }

    /// Hashes with the cheap profile instead of that of the options.
    pub(crate) async fn with(policy: Policy, options: HasherOptions) -> Self {
        let store = MemoryStore::new();
        let clock = Arc::new(ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap()));
        let hasher = Arc::new(CountingHasher {
            inner: fixtures::hasher_with(options),
            verified: AtomicUsize::new(0),
            hashed: AtomicUsize::new(0),
            busy: AtomicUsize::new(0),
            unaffected: AtomicUsize::new(0),
            refuses: AtomicBool::new(false),
        });
        let key = Arc::new(InstallationKey::from_bytes([3; 32]));
        let engine = Engine::builder(Arc::new(store.clone()), hasher.clone(), key.clone())
            .clock(clock.clone())
            .build();
        // First passwords are set with the default policy, not with the tested one.
        let operator = engine.administration().clone();
        let engine = engine.with_policy(policy);
        let test = Self { engine, operator, store, clock, hasher, key };
        test.add("pat").await;
        test.hasher.hashed.store(0, Ordering::SeqCst);
        test
    }

    pub(crate) async fn add(&self, user_id: &str) -> Account {
        let new = NewAccount {
            realm: realm(),
            user_id: user_id.parse().unwrap(),
            email: format!("{user_id}@example.org").parse().ok(),
            username: None,
            profile: Profile::default(),
        };
        let password = Some(Plaintext::from(OLD));
        self.operator.add_account(new, password).await.unwrap()
    }

    /// Adds an account whose names another account may have too.
    pub(crate) async fn import(&self, new: NewAccount, hash: Option<HashedPassword>) -> Account {
        let user_id = new.user_id.clone();
        let password = hash.map(|hash| ImportedPassword { hash, changed_at: None });
        let (active, created_at, updated_at) = (None, None, None);
        let import = NewImport { account: new, active, created_at, updated_at, password };
        let imported = self.operator.import_accounts(vec![import], false).await.unwrap();
        assert_eq!(imported, [ImportOutcome::Added]);
        self.operator.show_account(&realm(), user_id.as_str()).await.unwrap().0
    }

    pub(crate) async fn hash_of(&self, user_id: &str) -> HashedPassword {
        let found = self.store.find(&Subject::new(realm(), user_id)).await.unwrap();
        found.unwrap().credential.unwrap().hash
    }

    /// Adds an account with an unverifiable hash.
    pub(crate) async fn add_damaged(&self, user_id: &str) {
        self.add_stored(user_id, "$2b$12$abcdefghijklmnopqrstuv").await;
    }

    /// Adds an account with this hash.
    pub(crate) async fn add_stored(&self, user_id: &str, text: &str) {
        self.add_hashed(user_id, &HashedPassword::from_stored(text)).await;
    }

    pub(crate) async fn add_hashed(&self, user_id: &str, hash: &HashedPassword) {
        let mut account = self.operator.show_account(&realm(), "pat").await.unwrap().0;
        account.id = AccountId(random_uuid(&SystemRandomness).unwrap());
        account.user_id = user_id.parse().unwrap();
        account.email = format!("{user_id}@example.org").parse().ok();
        let audit = self.audit().await[0].clone();
        self.store.add_account(&account, Some(hash), &audit).await.unwrap();
    }

    pub(crate) async fn change(&self, change: Change) -> Result<Changed, ChangeError> {
        self.engine.change(change).await
    }

    pub(crate) async fn guess(&self) -> Result<Changed, ChangeError> {
        self.change(old_password("pat", "a wrong guess of mine", NEW)).await
    }

    pub(crate) async fn reset_token(&self, user_id: &str) -> Plaintext {
        let lifetime = Administration::RESET_LIFETIME;
        self.operator.issue_reset(&realm(), user_id, lifetime).await.unwrap().1
    }

    /// Returns the audit records, newest first.
    pub(crate) async fn audit(&self) -> Vec<AuditRecord> {
        let filter = AuditFilter { limit: 1000, ..AuditFilter::default() };
        self.store.audit(&filter).await.unwrap()
    }

    /// Returns whether `password` matches the stored hash of the account.
    pub(crate) async fn is_password(&self, user_id: &str, password: &str) -> bool {
        use repass_core::CredentialStore as _;
        let found = self.store.find(&Subject::new(realm(), user_id)).await.unwrap().unwrap();
        let hash = found.credential.unwrap().hash;
        self.hasher.inner.verify(Arc::new(Plaintext::from(password)), &hash).await.unwrap()
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Hashes a password with these options and the cheap profile.
pub(crate) async fn stored_by(options: HasherOptions, password: &str) -> HashedPassword {
    let password = Arc::new(Plaintext::from(password));
    let accepted = Policy::nist_800_63b_4().accept(password, &PolicyContext::default()).unwrap();
    fixtures::hasher_with(options).hash(accepted).await.unwrap()
}

pub(crate) fn realm() -> Realm {
    "shop".parse().unwrap()
}

pub(crate) fn by(user_id: &str, proof: Proof, new: &str) -> Change {
    Change::new(
        Authorization::by_proof(Subject::new(realm(), user_id)),
        proof,
        Plaintext::from(new),
    )
    .with_context(Context::new("test"))
}

pub(crate) fn old_password(user_id: &str, old: &str, new: &str) -> Change {
    by(user_id, Proof::OldPassword(Plaintext::from(old)), new)
}
