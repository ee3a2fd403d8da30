//! The hasher, with real hashes.

use std::num::NonZeroUsize;
use std::sync::Arc;

use repass_core::{
    Argon2Path, Argon2idHasher, HashError, HashProfile, HashedPassword, Hasher, HasherOptions,
    NewPassword, Plaintext, Policy, PolicyContext, PolicyRules, SystemRandomness,
};

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
async fn what_was_hashed_verifies_and_nothing_else_on_every_kernel() {
    for kernel in Argon2Path::ALL.into_iter().filter(|kernel| kernel.is_available()) {
        let hasher = start(&HasherOptions { kernel, profile: PROFILE, ..HasherOptions::default() });
        let hash = hasher.hash(accepted("long enough, surely")).await.unwrap();
        let again = hasher.bulk().hash(accepted("long enough, surely")).await.unwrap();
        assert_ne!(hash, again, "each hash has a salt of its own");
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
    let bulk = hasher.bulk();
    drop(hasher);
    assert!(!verify(&bulk, "x", bulk.dummy_hash()).await.unwrap());
    bulk.clone().shutdown().await;
    let error = verify(&bulk, "x", bulk.dummy_hash()).await.unwrap_err();
    assert!(matches!(error, HashError::Stopped), "{error:?}");
    assert!(bulk.status().stopped);
}

#[tokio::test]
async fn a_hash_that_cannot_be_verified_reaches_no_thread() {
    let hasher = start(&HasherOptions { profile: PROFILE, ..HasherOptions::default() });
    let too_large = HasherOptions::LARGEST_STORED_KIB + 1;
    for text in
        ["$2b$12$abcdefghijklmnopqrstuv", &STORED.replace("m=256", &format!("m={too_large}"))]
    {
        let verdict = verify(&hasher, "password", &HashedPassword::from_stored(text)).await;
        assert!(verdict.as_ref().is_err_and(HashError::is_unverifiable), "{verdict:?}");
    }
    assert_eq!(hasher.status().completed, 0);
}
