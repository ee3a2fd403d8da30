//! The hasher, with real hashes.

use std::num::NonZeroUsize;
use std::sync::Arc;

use async_trait::async_trait;
use repass_core::{
    Argon2Path, Argon2idHasher, HashError, HashProfile, HashedPassword, Hasher, HasherOptions,
    NewPassword, Plaintext, Policy, PolicyContext, PolicyRules, SystemRandomness,
};
use repass_testkit::fixtures;

const PROFILE: HashProfile = HashProfile::INSECURE_FOR_TESTS;
/// Of "password", by the reference implementation's own test program.
const STORED: &str =
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

fn start(options: &HasherOptions) -> Argon2idHasher {
    Argon2idHasher::start(options, Arc::new(SystemRandomness)).unwrap()
}

async fn verify(
    hasher: &Argon2idHasher,
    password: &str,
    hash: &HashedPassword,
) -> Result<bool, HashError> {
    hasher.verify(Arc::new(Plaintext::from(password)), hash).await
}

fn accepted(text: &str) -> NewPassword {
    let policy = Policy::new(PolicyRules::length(1, 256)).unwrap();
    policy.accept(Arc::new(Plaintext::from(text)), &PolicyContext::default()).unwrap()
}

/// Proves NIST 3.1.1.2 verification, ASVS 6.2.8.
#[tokio::test]
async fn only_the_hashed_password_verifies_on_every_kernel() {
    for kernel in Argon2Path::ALL.into_iter().filter(|kernel| kernel.is_available()) {
        let hasher = start(&HasherOptions { kernel, profile: PROFILE, ..HasherOptions::default() });
        let hash = hasher.hash(accepted("long enough, surely")).await.unwrap();
        let again = hasher.hash(accepted("long enough, surely")).await.unwrap();
        assert_ne!(hash, again, "each hash has its own salt");
        assert!(verify(&hasher, "long enough, surely", &hash).await.unwrap());
        assert!(!verify(&hasher, "long enough, surely ", &hash).await.unwrap());
        assert!(!verify(&hasher, "x", hasher.dummy_hash()).await.unwrap());
    }
}

#[tokio::test]
async fn hashes_smaller_and_larger_than_the_arena_verify_in_any_order() {
    let threads = NonZeroUsize::MIN;
    let options = HasherOptions { threads, profile: PROFILE, ..HasherOptions::default() };
    let large = HashedPassword::from_stored(STORED);
    for arena_memory_kib in [None, Some(256), Some(1024)] {
        let hasher = start(&HasherOptions { arena_memory_kib, ..options.clone() });
        let small = hasher.hash(accepted("password")).await.unwrap();
        for hash in [&large, &small, &large, &small] {
            assert!(verify(&hasher, "password", hash).await.unwrap());
            assert!(!verify(&hasher, "Password", hash).await.unwrap());
        }
    }
}

#[tokio::test]
async fn the_threads_live_as_long_as_one_hasher_on_them() {
    let hasher = start(&HasherOptions { profile: PROFILE, ..HasherOptions::default() });
    let other = hasher.clone();
    drop(hasher);
    assert!(!verify(&other, "x", other.dummy_hash()).await.unwrap());
    other.clone().shutdown().await;
    let error = verify(&other, "x", other.dummy_hash()).await.unwrap_err();
    assert!(matches!(error, HashError::Stopped), "{error:?}");
}

#[tokio::test]
async fn an_unverifiable_hash_is_refused_before_it_is_queued() {
    let hasher = start(&HasherOptions { profile: PROFILE, ..HasherOptions::default() });
    let too_large = HasherOptions::LARGEST_STORED_KIB + 1;
    for text in
        ["$2b$12$abcdefghijklmnopqrstuv", &STORED.replace("m=256", &format!("m={too_large}"))]
    {
        let result = verify(&hasher, "password", &HashedPassword::from_stored(text)).await;
        assert!(result.as_ref().is_err_and(HashError::is_unverifiable), "{result:?}");
    }
    assert!(hasher.status().jobs.is_empty());
}

#[tokio::test]
async fn only_a_hash_with_the_parameters_of_a_new_one_is_current() {
    let hasher = start(&HasherOptions { profile: PROFILE, ..HasherOptions::default() });
    let fresh = hasher.hash(accepted("password")).await.unwrap();
    assert!(hasher.is_current(&fresh) && hasher.costs_as_dummy_hash(&fresh));
    assert!(hasher.is_current(hasher.dummy_hash()));
    let parts: Vec<&str> = fresh.as_str().split('$').collect();
    let (salt, tag) = (parts[4], parts[5]);
    for (part, other, costs_the_same) in [
        ("m=8", "m=9", false),
        ("p=1", "p=1,keyid=b25l", true),
        (salt, "c29tZXNhbHQ", true),
        (tag, "AAECAwQFBgcICQoLDA0ODw", true),
    ] {
        let text = fresh.as_str().replace(part, other);
        let stored = HashedPassword::from_stored(text).with_normalization(fresh.normalization());
        assert!(!hasher.is_current(&stored), "{other}");
        assert_eq!(hasher.costs_as_dummy_hash(&stored), costs_the_same, "{other}");
    }
    let of_the_bytes = HashedPassword::from_stored(fresh.as_str());
    assert!(!hasher.is_current(&of_the_bytes));
}

/// A hasher of an application that implements only `is_current` of the default methods.
#[derive(Debug)]
struct Minimal {
    inner: Argon2idHasher,
    is_current: Option<bool>,
}

#[async_trait]
impl Hasher for Minimal {
    async fn hash(&self, password: NewPassword) -> Result<HashedPassword, HashError> {
        self.inner.hash(password).await
    }

    async fn verify(
        &self,
        password: Arc<Plaintext>,
        hash: &HashedPassword,
    ) -> Result<bool, HashError> {
        self.inner.verify(password, hash).await
    }

    fn dummy_hash(&self) -> &HashedPassword {
        self.inner.dummy_hash()
    }

    fn is_current(&self, hash: &HashedPassword) -> bool {
        self.is_current.unwrap_or_else(|| fixtures::ConstantHasher::new(|_| true).is_current(hash))
    }
}

#[tokio::test]
async fn the_default_methods_of_a_hasher_treat_hashes_as_current() {
    let inner = || start(&HasherOptions { profile: PROFILE, ..HasherOptions::default() });
    let stored = HashedPassword::from_stored(STORED);
    for (is_current, expected) in [(None, true), (Some(true), true), (Some(false), false)] {
        let hasher = Minimal { inner: inner(), is_current };
        assert_eq!(hasher.is_current(&stored), expected);
        assert_eq!(hasher.costs_as_dummy_hash(&stored), expected);
        assert!(hasher.determines(&stored, &Plaintext::from("password")));
        let unknown = HashedPassword::from_stored("no hash at all");
        assert!(!hasher.determines(&unknown, &Plaintext::from("password")));
    }
}
