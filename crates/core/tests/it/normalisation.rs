//! Unicode normalisation as a property of each stored hash.

use repass_core::{
    ChangeError, CredentialStore, HasherOptions, Normalisation, Policy, Subject, Violation,
};

use crate::house::{House, NEW, OLD, old_password, realm, stored_by};

const COMPOSED: &str = "crème brûlée in a café";
const DECOMPOSED: &str = "cre\u{300}me bru\u{302}le\u{301}e in a cafe\u{301}";

async fn normalisation(house: &House, user_id: &str) -> Normalisation {
    let found = house.store.find(&Subject::new(realm(), user_id)).await.unwrap().unwrap();
    found.credential.unwrap().hash.normalisation()
}

#[tokio::test]
async fn nist_3_1_1_2_a_password_is_the_same_in_any_form() {
    let house = House::new().await;
    house.change(old_password("pat", OLD, DECOMPOSED)).await.unwrap();
    assert_eq!(normalisation(&house, "pat").await, Normalisation::Nfc);
    for form in [COMPOSED, DECOMPOSED] {
        assert!(house.is_password("pat", form).await, "{form}");
    }
    assert!(!house.is_password("pat", "creme brulee in a cafe").await);
    let refused = house.change(old_password("pat", COMPOSED, DECOMPOSED)).await.unwrap_err();
    let ChangeError::Rejected(violations) = &refused else { panic!("{refused:?}") };
    assert_eq!(violations, &[Violation::SameAsCurrent]);
    house.change(old_password("pat", COMPOSED, NEW)).await.unwrap();
    let refused = house.change(old_password("pat", NEW, DECOMPOSED)).await.unwrap_err();
    let ChangeError::Rejected(violations) = &refused else { panic!("{refused:?}") };
    assert!(matches!(violations[..], [Violation::Reused { .. }]), "{violations:?}");
}

#[tokio::test]
async fn a_hash_from_elsewhere_is_of_the_bytes_as_received_until_it_is_replaced() {
    let house = House::new().await;
    let elsewhere =
        HasherOptions { normalisation: Normalisation::AsReceived, ..HasherOptions::default() };
    let stored = stored_by(elsewhere, DECOMPOSED).await;
    assert_eq!(stored.normalisation(), Normalisation::AsReceived);
    house.add_stored("sam", stored.as_str()).await;
    assert!(!house.is_password("sam", COMPOSED).await, "those are other bytes");
    house.hasher.take_verified();
    house.change(old_password("sam", COMPOSED, NEW)).await.unwrap_err();
    assert_eq!(house.hasher.take_verified(), 1, "it costs what any other costs");

    house.change(old_password("sam", DECOMPOSED, "short")).await.unwrap_err();
    assert_eq!(normalisation(&house, "sam").await, Normalisation::Nfc, "it needed a rehash");
    assert!(house.is_password("sam", COMPOSED).await);
    let audit = house.audit().await;
    assert_eq!(audit[1].action, "password.rehash");
}

/// As where accounts move into a users table of another application.
#[tokio::test]
async fn h1_a_hash_of_all_forms_is_replaced_by_one_of_a_single_form_only_for_ascii() {
    let as_received =
        HasherOptions { normalisation: Normalisation::AsReceived, ..HasherOptions::default() };
    let house = House::with(Policy::default(), as_received).await;
    for (user_id, password, expected) in [
        ("sam", COMPOSED, Normalisation::Nfc),
        ("kim", DECOMPOSED, Normalisation::Nfc),
        ("pat-2", NEW, Normalisation::AsReceived),
    ] {
        let stored = stored_by(HasherOptions::default(), password).await;
        house.add_hashed(user_id, &stored).await;
        house.change(old_password(user_id, password, "short")).await.unwrap_err();
        assert_eq!(normalisation(&house, user_id).await, expected, "{password}");
        for form in [COMPOSED, DECOMPOSED].into_iter().filter(|_| password != NEW) {
            assert!(house.is_password(user_id, form).await, "{form}");
        }
    }
}
