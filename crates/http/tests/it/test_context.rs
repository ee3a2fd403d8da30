//! One realm with one account, and a service over it.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use jiff::{SignedDuration, Timestamp};
use repass_core::{
    AccessToken, Account, AccountId, AdministrationStore, AuditRecord, AuthenticationError,
    CallerAuthenticator, Context, CredentialStore, Engine, HashError, HashedPassword, Hasher,
    InstallationKey, Key, KeyId, KeyIdentity, KeyKind, NewPassword, Plaintext, Realm, StoreError,
    Subject, SystemRandomness, TokenId, TokenIdentity, token,
};
use repass_http::{BoxError, Limits, Mount, PasswordService, Peer};
use repass_spec::Spec;
use repass_testkit::{ManualClock, MemoryStore};
use tokio::sync::Semaphore;
use tower::ServiceExt;
use uuid::Uuid;

use crate::capture;
use crate::vendor::Vendor;

pub(crate) const OLD: &str = "Old-Kestrel-over-Quarry-77";
pub(crate) const NEW: &str = "New-Walrus-under-Lantern-88";
pub(crate) const PATH: &str = "/shop/v1/change";

pub(crate) struct TestContext {
    pub(crate) store: MemoryStore,
    pub(crate) hasher: Arc<FakeHasher>,
    pub(crate) key: Plaintext,
    pub(crate) token: Plaintext,
    clock: Arc<ManualClock>,
}

impl TestContext {
    pub(crate) async fn new() -> Self {
        capture::install();
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let store = MemoryStore::new();
        let id = AccountId(Uuid::from_u128(7));
        let account = Account::new(id, realm(), "pat-7".parse().unwrap(), now);
        let audit = audit(now);
        store.add_account(&account, Some(&hash_of(OLD)), &audit).await.unwrap();
        let (key, key_digest) = token::issue(&SystemRandomness).unwrap();
        let stored = Key {
            id: KeyId(Uuid::from_u128(8)),
            realm: realm(),
            kind: KeyKind::Api,
            name: "gateway".to_owned(),
            scopes: Default::default(),
            all_realms: false,
            digest: key_digest,
            created_at: now,
            revoked_at: None,
        };
        store.add_key(&stored, &audit).await.unwrap();
        let (token, token_digest) = token::issue(&SystemRandomness).unwrap();
        let stored = AccessToken {
            id: TokenId(Uuid::from_u128(9)),
            account: account.id,
            roles: Vec::new(),
            digest: token_digest,
            issued_at: now,
            expires_at: now + SignedDuration::from_hours(1),
            revoked_at: None,
            ip_address: None,
            user_agent: None,
            last_used_at: None,
        };
        store.add_access_token(&stored, &audit).await.unwrap();
        let clock = Arc::new(ManualClock::new(now));
        Self { store, hasher: Arc::new(FakeHasher::new(HashBehavior::Succeeds)), key, token, clock }
    }

    pub(crate) fn with_hasher(mut self, behavior: HashBehavior) -> Self {
        self.hasher = Arc::new(FakeHasher::new(behavior));
        self
    }

    pub(crate) fn engine(&self) -> Engine {
        let key = InstallationKey::from_bytes([3; 32]);
        let engine = Engine::builder(Arc::new(self.store.clone()), self.hasher.clone(), key);
        engine.clock(self.clock.clone()).build()
    }

    pub(crate) fn authenticator(&self) -> Arc<dyn CallerAuthenticator> {
        Arc::new(self.engine())
    }

    pub(crate) fn mount(&self, spec: impl Spec, prefix: &str) -> Mount {
        let mount = Mount::new(Arc::new(spec), realm(), &self.engine());
        mount.with_prefix(prefix.parse().unwrap())
    }

    /// The vendor `acme` at [`PATH`].
    pub(crate) fn service(&self) -> PasswordService {
        self.service_of(Vendor::new("acme", "/v1/change"))
    }

    pub(crate) fn service_of(&self, spec: impl Spec) -> PasswordService {
        let mount = self.mount(spec, "/shop");
        PasswordService::builder(self.authenticator()).mount(mount).build().unwrap()
    }

    pub(crate) fn service_with(&self, limits: Limits) -> PasswordService {
        let mount = self.mount(Vendor::new("acme", "/v1/change"), "/shop");
        let builder = PasswordService::builder(self.authenticator()).mount(mount);
        builder.limits(limits).build().unwrap()
    }

    /// A valid request to `acme` at [`PATH`], without a body.
    pub(crate) fn request(&self, id: &str) -> http::request::Builder {
        Request::post(PATH)
            .header("x-request-id", id)
            .header("x-key", self.key.expose())
            .header("authorization", format!("Bearer {}", self.token.expose()))
            .extension(Peer("192.0.2.7".parse().unwrap()))
    }

    /// A valid change.
    pub(crate) fn good(&self, id: &str) -> Request<Full<Bytes>> {
        self.request(id).body(text(&format!("{OLD}\n{NEW}"))).unwrap()
    }

    /// The version of the credential: how often the password was set.
    pub(crate) async fn version(&self) -> i64 {
        let found = self.store.find(&Subject::new(realm(), "pat-7")).await.unwrap().unwrap();
        found.credential.unwrap().version
    }
}

pub(crate) fn realm() -> repass_core::Realm {
    "test".parse().unwrap()
}

pub(crate) fn text(text: &str) -> Full<Bytes> {
    Full::new(Bytes::copy_from_slice(text.as_bytes()))
}

/// A response with its whole body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

pub(crate) async fn send<B>(service: &PasswordService, request: Request<B>) -> Answer
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let (parts, body) = service.clone().oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    Answer { status: parts.status, headers: parts.headers, body }
}

pub(crate) fn with_method(
    mut request: Request<Full<Bytes>>,
    method: Method,
) -> Request<Full<Bytes>> {
    *request.method_mut() = method;
    request
}

fn audit(at: Timestamp) -> AuditRecord {
    AuditRecord {
        id: Uuid::nil(),
        at,
        realm: realm(),
        account: None,
        action: "test.prepare".to_owned(),
        outcome: "ok".to_owned(),
        detail: None,
        caller: "operator".to_owned(),
        context: Context::new("test"),
    }
}

/// The behavior of [`FakeHasher::hash`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HashBehavior {
    Succeeds,
    Waits,
    Panics,
    Fails,
    Busy,
}

/// Stores passwords as they are.
#[derive(Debug)]
pub(crate) struct FakeHasher {
    behavior: HashBehavior,
    dummy_hash: HashedPassword,
    /// One permit for each hash that has begun.
    pub(crate) begun: Semaphore,
    /// One permit for each hash that may continue.
    pub(crate) may_continue: Semaphore,
}

impl FakeHasher {
    fn new(behavior: HashBehavior) -> Self {
        let (begun, may_continue) = (Semaphore::new(0), Semaphore::new(0));
        Self { behavior, dummy_hash: hash_of("dummy"), begun, may_continue }
    }
}

#[async_trait]
impl Hasher for FakeHasher {
    async fn hash(&self, password: NewPassword) -> Result<HashedPassword, HashError> {
        let text = password.plaintext().expose();
        match self.behavior {
            HashBehavior::Succeeds => {}
            HashBehavior::Waits => {
                self.begun.add_permits(1);
                self.may_continue.acquire().await.unwrap().forget();
            }
            HashBehavior::Panics => panic!("cannot hash {text}"),
            HashBehavior::Fails => return Err(HashError::Algorithm("no lanes".to_owned())),
            HashBehavior::Busy => {
                let retry_after = std::time::Duration::from_secs(2);
                return Err(HashError::Busy { retry_after });
            }
        }
        Ok(hash_of(text))
    }

    async fn verify(
        &self,
        password: Arc<Plaintext>,
        hash: &HashedPassword,
    ) -> Result<bool, HashError> {
        Ok(*hash == hash_of(password.expose()))
    }

    fn dummy_hash(&self) -> &HashedPassword {
        &self.dummy_hash
    }
}

fn hash_of(text: &str) -> HashedPassword {
    HashedPassword::from_stored(format!("$written${text}"))
}

/// An authenticator that always fails.
#[derive(Debug)]
pub(crate) enum FailingAuthenticator {
    Unreachable,
    Failed,
    Panics,
}

impl FailingAuthenticator {
    fn fail<T>(&self) -> Result<T, AuthenticationError> {
        match self {
            Self::Unreachable => Err(StoreError::Unavailable("connection refused".into()).into()),
            Self::Failed => Err(StoreError::Failed("no such table".into()).into()),
            Self::Panics => panic!("the key store panicked"),
        }
    }
}

#[async_trait]
impl CallerAuthenticator for FailingAuthenticator {
    async fn key(
        &self,
        _: &Realm,
        _: KeyKind,
        _: &Plaintext,
    ) -> Result<Option<KeyIdentity>, AuthenticationError> {
        self.fail()
    }

    async fn access_token(
        &self,
        _: &Realm,
        _: &Plaintext,
    ) -> Result<Option<TokenIdentity>, AuthenticationError> {
        self.fail()
    }
}
