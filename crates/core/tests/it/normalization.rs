//! Unicode normalization as a property of each stored hash.

use repass_core::{
    ChangeError, CredentialStore, HasherOptions, Normalization, Policy, Subject, Violation,
};

use crate::test_context::{NEW, OLD, TestContext, old_password, realm, stored_by};

const COMPOSED: &str = "crème brûlée in a café";
const DECOMPOSED: &str = "cre\u{300}me bru\u{302}le\u{301}e in a cafe\u{301}";

async fn normalization(test: &TestContext, user_id: &str) -> Normalization {
    let found = test.store.find(&Subject::new(realm(), user_id)).await.unwrap().unwrap();
    found.credential.unwrap().hash.normalization()
}

/// Proves NIST 3.1.1.2 normalization.
#[tokio::test]
async fn nist_3_1_1_2_a_password_matches_in_any_unicode_form() {
    let test = TestContext::new().await;
    test.change(old_password("pat", OLD, DECOMPOSED)).await.unwrap();
    assert_eq!(normalization(&test, "pat").await, Normalization::Nfc);
    for form in [COMPOSED, DECOMPOSED] {
        assert!(test.is_password("pat", form).await, "{form}");
    }
    assert!(!test.is_password("pat", "creme brulee in a cafe").await);
    let refused = test.change(old_password("pat", COMPOSED, DECOMPOSED)).await.unwrap_err();
    let ChangeError::Rejected(violations) = &refused else { panic!("{refused:?}") };
    assert_eq!(violations, &[Violation::SameAsCurrent]);
    test.change(old_password("pat", COMPOSED, NEW)).await.unwrap();
    let refused = test.change(old_password("pat", NEW, DECOMPOSED)).await.unwrap_err();
    let ChangeError::Rejected(violations) = &refused else { panic!("{refused:?}") };
    assert!(matches!(violations[..], [Violation::Reused { .. }]), "{violations:?}");
}

/// Proves NIST 3.1.1.2 normalization.
#[tokio::test]
async fn a_hash_of_another_system_matches_the_bytes_as_received_until_it_is_replaced() {
    let test = TestContext::new().await;
    let elsewhere =
        HasherOptions { normalization: Normalization::AsReceived, ..HasherOptions::default() };
    let stored = stored_by(elsewhere, DECOMPOSED).await;
    assert_eq!(stored.normalization(), Normalization::AsReceived);
    test.add_stored("sam", stored.as_str()).await;
    assert!(!test.is_password("sam", COMPOSED).await, "the bytes differ");
    test.hasher.take_verified();
    test.change(old_password("sam", COMPOSED, NEW)).await.unwrap_err();
    assert_eq!(test.hasher.take_verified(), 1, "it costs as much as any other");

    test.change(old_password("sam", DECOMPOSED, "short")).await.unwrap_err();
    assert_eq!(normalization(&test, "sam").await, Normalization::Nfc, "it needed a rehash");
    assert!(test.is_password("sam", COMPOSED).await);
    let audit = test.audit().await;
    assert_eq!(audit[1].action, "password.rehash");
}

/// For example when accounts move into a users table of another application.
///
/// Proves H1.
#[tokio::test]
async fn h1_a_normalized_hash_is_replaced_by_an_unnormalized_one_only_for_ascii() {
    let as_received =
        HasherOptions { normalization: Normalization::AsReceived, ..HasherOptions::default() };
    let test = TestContext::with(Policy::default(), as_received).await;
    for (user_id, password, expected) in [
        ("sam", COMPOSED, Normalization::Nfc),
        ("kim", DECOMPOSED, Normalization::Nfc),
        ("pat-2", NEW, Normalization::AsReceived),
    ] {
        let stored = stored_by(HasherOptions::default(), password).await;
        test.add_hashed(user_id, &stored).await;
        test.change(old_password(user_id, password, "short")).await.unwrap_err();
        assert_eq!(normalization(&test, user_id).await, expected, "{password}");
        for form in [COMPOSED, DECOMPOSED].into_iter().filter(|_| password != NEW) {
            assert!(test.is_password(user_id, form).await, "{form}");
        }
    }
}
