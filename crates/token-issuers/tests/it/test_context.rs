//! An account, a manual clock, and tokens about the account.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use jsonwebtoken::crypto::rust_crypto;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use repass_core::{
    Account, AuthenticationError, CallerAuthenticator, Clock, CredentialStore, Engine,
    InstallationKey, Plaintext, Realm, TokenIdentity,
};
use repass_jwt::{JwtAlgorithm, JwtKey, public_keys};
use repass_testkit::fixtures::{self, ConstantHasher, with};
use repass_testkit::{ManualClock, MemoryStore};
use repass_token_issuers::{
    ClaimNames, EndpointOptions, JwtIssuer, JwtIssuerOptions, JwtKeys, TokenIssuers,
};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://id.example.org";
pub(crate) const RSA_PUBLIC: &str = include_str!("../../../jwt/tests/keys/rsa-public.pem");
const RSA: &[u8] = include_bytes!("../../../jwt/tests/keys/rsa-private.pem");
const P256_PUBLIC: &str = include_str!("../../../jwt/tests/keys/p256-public.pem");
const P256: &[u8] = include_bytes!("../../../jwt/tests/keys/p256-private.pem");
const P384_PUBLIC: &str = include_str!("../../../jwt/tests/keys/p384-public.pem");
const P384: &[u8] = include_bytes!("../../../jwt/tests/keys/p384-private.pem");

/// An account `pat` whose password was changed an hour ago.
pub(crate) struct TestContext {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) account: Account,
    pub(crate) engine: Engine,
}

/// A key pair of an issuer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pair {
    Rsa,
    P256,
    P384,
}

pub(crate) fn realm() -> Realm {
    "shop".parse().unwrap()
}

impl TestContext {
    pub(crate) async fn new() -> Self {
        let store = Arc::new(MemoryStore::new());
        let clock = Arc::new(ManualClock::new(fixtures::at(1_000_000)));
        let account = fixtures::account(&realm(), "pat");
        let audit = fixtures::audit(&account, "account.create");
        let administration: Arc<dyn repass_core::AdministrationStore> = store.clone();
        administration.add_account(&account, None, &audit).await.unwrap();
        let hasher = Arc::new(ConstantHasher::new(|_| true));
        let key = InstallationKey::from_bytes([3; 32]);
        let engine = Engine::builder(administration, hasher, key).clock(clock.clone()).build();
        let test = Self { store, clock, account, engine };
        test.change_at(fixtures::at(1_000_000 - 3600)).await;
        test
    }

    /// Changes the password at this time.
    pub(crate) async fn change_at(&self, at: Timestamp) {
        let found = self.found().await;
        let version = found.credential.map_or(0, |credential| credential.version);
        let commit = fixtures::commit(&self.account, version, &format!("password {version}"));
        self.store.commit(&with(commit, |it| it.at = at)).await.unwrap();
    }

    async fn found(&self) -> repass_core::AccountWithCredential {
        let subject = repass_core::Subject::new(realm(), "pat");
        self.store.find(&subject).await.unwrap().unwrap()
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Returns the present second plus `seconds`.
    pub(crate) fn second(&self, seconds: i64) -> i64 {
        self.clock.now().as_second() + seconds
    }

    /// Returns a time after the present one.
    pub(crate) fn clock_after_micros(&self, micros: u64) -> Timestamp {
        self.clock.now() + Duration::from_micros(micros)
    }

    /// Returns an authenticator without issuers.
    pub(crate) fn authenticator(&self) -> TokenIssuers {
        TokenIssuers::new(Arc::new(self.engine.clone()), self.store.clone(), self.clock.clone())
    }

    /// Returns an issuer of JSON Web Tokens with these keys.
    pub(crate) fn jwt(&self, keys: JwtKeys) -> Arc<JwtIssuer> {
        let claims = ClaimNames { roles: Some("roles".to_owned()), ..ClaimNames::default() };
        let (issuer, audience) = (ISSUER.to_owned(), "repass".to_owned());
        let options = JwtIssuerOptions { issuer, audience, claims, keys };
        Arc::new(JwtIssuer::new(options, self.clock.clone()).unwrap())
    }

    /// Returns an authenticator that trusts the keys of `pair`.
    pub(crate) fn trusting(&self, pair: Pair) -> TokenIssuers {
        self.authenticator().with_jwt(self.jwt(JwtKeys::Given(pair.keys())))
    }

    /// Returns an authenticator that trusts the keys at an address.
    pub(crate) fn trusting_at(&self, endpoint: EndpointOptions) -> TokenIssuers {
        let algorithms = vec![JwtAlgorithm::Es256, JwtAlgorithm::Es384];
        self.authenticator().with_jwt(self.jwt(JwtKeys::At { endpoint, algorithms }))
    }

    /// The claims of a good token.
    pub(crate) fn claims(&self) -> Value {
        json!({
            "iss": ISSUER, "aud": "repass", "sub": "pat", "roles": ["user"],
            "iat": self.second(-10), "nbf": self.second(-10), "exp": self.second(600),
        })
    }

    pub(crate) fn claims_with(&self, name: &str, value: impl Into<Value>) -> Value {
        let mut claims = self.claims();
        claims[name] = value.into();
        claims
    }

    pub(crate) fn claims_without(&self, name: &str) -> Value {
        let mut claims = self.claims();
        claims.as_object_mut().unwrap().remove(name);
        claims
    }
}

impl Pair {
    pub(crate) fn algorithm(self) -> JwtAlgorithm {
        match self {
            Self::Rsa => JwtAlgorithm::Rs256,
            Self::P256 => JwtAlgorithm::Es256,
            Self::P384 => JwtAlgorithm::Es384,
        }
    }

    /// Its public key, without an id.
    pub(crate) fn keys(self) -> Vec<JwtKey> {
        public_keys(self.pem(), &[self.algorithm()]).unwrap()
    }

    fn pem(self) -> &'static str {
        match self {
            Self::Rsa => RSA_PUBLIC,
            Self::P256 => P256_PUBLIC,
            Self::P384 => P384_PUBLIC,
        }
    }

    /// Its public key on a curve as a JWK with this id.
    pub(crate) fn jwk(self, kid: &str) -> Value {
        let (curve, length) = match self {
            Self::Rsa => panic!("RSA has no curve"),
            Self::P256 => ("P-256", 32),
            Self::P384 => ("P-384", 48),
        };
        let text: String = self.pem().lines().filter(|line| !line.starts_with("---")).collect();
        let der = data_encoding::BASE64.decode(text.as_bytes()).unwrap();
        // The coordinates are at the end.
        let (x, y) = der[der.len() - 2 * length..].split_at(length);
        let [x, y] = [x, y].map(|part| BASE64URL_NOPAD.encode(part));
        json!({ "kty": "EC", "crv": curve, "kid": kid, "x": x, "y": y })
    }

    /// Signs a token with this id of the key.
    pub(crate) fn sign(self, kid: &str, claims: &Value) -> Plaintext {
        let algorithm = self.algorithm().as_str().parse().unwrap();
        self.sign_with(&Header { kid: Some(kid.to_owned()), ..Header::new(algorithm) }, claims)
    }

    pub(crate) fn sign_with(self, header: &Header, claims: &Value) -> Plaintext {
        let key = match self {
            Self::Rsa => EncodingKey::from_rsa_pem(RSA),
            Self::P256 => EncodingKey::from_ec_pem(P256),
            Self::P384 => EncodingKey::from_ec_pem(P384),
        };
        sign(header, claims, &key.unwrap())
    }
}

/// Signs a token by another implementation than the one that verifies.
pub(crate) fn sign(header: &Header, claims: &Value, key: &EncodingKey) -> Plaintext {
    let signer = (rust_crypto::DEFAULT_PROVIDER.signer_factory)(&header.alg, key).unwrap();
    let message = unsigned(&serde_json::to_value(header).unwrap(), claims);
    let signature = BASE64URL_NOPAD.encode(&signer.sign(message.as_bytes()));
    Plaintext::new(format!("{message}.{signature}"))
}

/// Returns the first two parts of a token.
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    format!("{}.{}", part(header), part(claims))
}

pub(crate) fn header(algorithm: Algorithm) -> Header {
    Header::new(algorithm)
}

/// Returns the holder of a token; `None` if the token is refused.
pub(crate) async fn holder(
    authenticator: &TokenIssuers,
    token: &Plaintext,
) -> Option<TokenIdentity> {
    authenticator.access_token(&realm(), token).await.unwrap()
}

/// Asserts that the issuer of a token is unavailable, and returns the cause.
pub(crate) async fn cause_of_unavailable(
    authenticator: &TokenIssuers,
    token: &Plaintext,
) -> String {
    let error = authenticator.access_token(&realm(), token).await.unwrap_err();
    assert!(error.unavailable().is_some(), "{error}");
    let AuthenticationError::IssuerUnavailable { .. } = &error else { panic!("{error}") };
    repass_core::ErrorChain(error.source().unwrap()).to_string()
}
