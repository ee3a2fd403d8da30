//! Pepper keys.

use std::collections::BTreeSet;
use std::sync::Arc;

use repass_core::{
    AdministrationStore, ChangeError, CredentialStore, HashError, HashedPassword, Hasher,
    HasherOptions, Peppers, Policy, Subject,
};

use crate::test_context::{NEW, OLD, TestContext, old_password, realm, stored_by};

/// Options with keys of these ids; the first one is current.
fn peppers(ids: &[&str]) -> HasherOptions {
    let keys = ids.iter().fold(Peppers::none(), |keys, id| {
        let key: Vec<u8> = id.bytes().cycle().take(32).collect();
        keys.with(id, &key).unwrap()
    });
    let keys = keys.with_current(ids[0]).unwrap();
    HasherOptions { peppers: Arc::new(keys), ..HasherOptions::default() }
}

async fn hash(test: &TestContext, user_id: &str) -> HashedPassword {
    let found = test.store.find(&Subject::new(realm(), user_id)).await.unwrap().unwrap();
    found.credential.unwrap().hash
}

fn ids(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[tokio::test]
async fn an_account_is_rehashed_with_the_current_key_at_its_next_right_password() {
    let test = TestContext::with(Policy::default(), peppers(&["new", "old"])).await;
    for (user_id, options) in
        [("without", HasherOptions::default()), ("with-old", peppers(&["old"]))]
    {
        let stored = stored_by(options, OLD).await;
        test.add_stored(user_id, stored.as_str()).await;
        test.hasher.take_verified();
        test.change(old_password(user_id, "a wrong guess of mine", NEW)).await.unwrap_err();
        assert_eq!(test.hasher.take_verified(), 1, "{user_id} costs as much as any other");
        test.change(old_password(user_id, OLD, "short")).await.unwrap_err();
        assert_eq!(hash(&test, user_id).await.pepper().as_deref(), Some("new"), "{user_id}");
        assert!(test.is_password(user_id, OLD).await, "{user_id}");
        test.change(old_password(user_id, OLD, NEW)).await.unwrap();
    }
    assert_eq!(test.store.peppers().await.unwrap(), ids(&["new"]));
    assert_eq!(test.hasher.dummy_hash().pepper().as_deref(), Some("new"));
}

#[tokio::test]
async fn the_history_needs_its_pepper_keys_too() {
    let test = TestContext::with(Policy::default(), peppers(&["new", "old"])).await;
    test.add_stored("sam", stored_by(peppers(&["old"]), OLD).await.as_str()).await;
    test.change(old_password("sam", OLD, NEW)).await.unwrap();
    assert_eq!(test.store.peppers().await.unwrap(), ids(&["new", "old"]));
    let reused = test.change(old_password("sam", NEW, OLD)).await.unwrap_err();
    assert!(matches!(reused, ChangeError::Rejected(_)), "{reused:?}");
}

#[tokio::test]
async fn a_missing_pepper_key_is_a_fault_and_counts_as_no_failure() {
    let test = TestContext::with(Policy::default(), peppers(&["new"])).await;
    let stored = stored_by(peppers(&["lost"]), OLD).await;
    test.add_stored("sam", stored.as_str()).await;
    for guess in [OLD, "a wrong guess of mine"] {
        let error = test.change(old_password("sam", guess, NEW)).await.unwrap_err();
        let ChangeError::Hash(HashError::UnknownPepper { id }) = &error else {
            panic!("{error:?}")
        };
        assert_eq!(id, "lost");
    }
    let (_, attempts) = test.operator.show_account(&realm(), "sam").await.unwrap();
    assert_eq!(attempts.failures, 0);
    assert_eq!(hash(&test, "sam").await, stored.with_normalization(Default::default()));
}
