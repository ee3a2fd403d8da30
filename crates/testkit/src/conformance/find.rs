use serde_json::json;

use super::Fixture;
use super::check::{check_empty, check_eq};
use super::sample::{
    Password, StoredAccount, account, added, found, hash, realm, subject, text, with,
};
use repass_core::{MAX_SAME_NAME, NameKind, Profile, Realm, Subject, fold_name};

pub(super) async fn by_realm_and_user_id_exactly(fixture: &dyn Fixture) {
    let store = fixture.store();
    let (here, elsewhere) = (realm(), realm());
    let wanted = account(&here, "Pat.100%_a");
    let namesake = account(&elsewhere, "Pat.100%_a");
    let neighbour = account(&here, "Pat.100x_a");
    fixture.add_account(&wanted, Some(&hash("wanted"))).await;
    fixture.add_account(&namesake, Some(&hash("namesake"))).await;
    fixture.add_account(&neighbour, None).await;

    let password = Some(Password::new(&hash("wanted"), 1, wanted.created_at));
    let expected = StoredAccount { account: wanted.clone(), password };
    check_eq!(found(&*store, &wanted).await, expected, "the account is found as it was added");
    check_eq!(
        found(&*store, &namesake).await.account,
        namesake,
        "the same user id in another realm is another account"
    );
    check_eq!(
        found(&*store, &neighbour).await.password,
        None,
        "an account without a password has no credential"
    );

    for unknown in ["pat.100%_a", "PAT.100%_A", "Pat.100", "Pat.100%_a ", "", "a\nb", "%", "\0"] {
        let found = store.find(&Subject::new(here.clone(), unknown)).await.expect("find");
        check_eq!(found, None, "no account has the user id {unknown:?}");
    }
    let found = store.find(&Subject::new(realm(), "Pat.100%_a")).await.expect("find");
    check_eq!(found, None, "an account is not found in another realm");

    let with_email = subject(&wanted).with_email("someone.else@example.org");
    let found = store.find(&with_email).await.expect("find");
    assert!(found.is_some(), "the store ignores the e-mail address, which the engine compares");
}

pub(super) async fn inactive_accounts_too(fixture: &dyn Fixture) {
    let inactive = with(account(&realm(), "inactive"), |it| it.active = false);
    fixture.add_account(&inactive, Some(&hash("inactive"))).await;
    let found = found(&*fixture.store(), &inactive).await;
    assert!(!found.account.active, "an inactive account is found as inactive");
    assert!(found.password.is_some(), "an inactive account keeps its password");
}

pub(super) async fn guids_in_any_case(fixture: &dyn Fixture) {
    let account = account(&realm(), "1c4b0ca1-ad13-410b-a1c5-bb2065641934");
    fixture.add_account(&account, None).await;
    let upper = Subject::new(account.realm.clone(), "1C4B0CA1-AD13-410B-A1C5-BB2065641934");
    let found = fixture.store().find(&upper).await.expect("find");
    assert!(found.is_some(), "a GUID is found in upper case, too");
}

/// Proves E4.
pub(super) async fn by_name_in_any_case(fixture: &dyn Fixture) {
    let store = fixture.store();
    let (here, elsewhere) = (realm(), realm());
    let named = |realm: &Realm, user_id: &str, email: &str, username: &str| {
        with(account(realm, user_id), |it| {
            it.email = email.parse().ok();
            it.username = Some(username.to_owned());
        })
    };
    let wanted = named(&here, "1", "Pat+%_x@Example.org", "ÉTÉ'1");
    let accounts = [
        &wanted,
        &named(&elsewhere, "1", "pat+%_x@example.org", "été'1"),
        &named(&here, "2", "pat+ax@example.org", "ete'1"),
        &with(account(&here, "3"), |it| it.email = None),
    ];
    for account in accounts {
        fixture.add_account(account, Some(&hash("by name"))).await;
    }
    for (kind, name) in [
        (NameKind::Email, "PAT+%_X@example.ORG"),
        (NameKind::Username, "été'1"),
        (NameKind::Username, "E\u{301}TE\u{301}'1"),
    ] {
        let found = store.find_by_name(&here, kind, &fold_name(name)).await.expect("find_by_name");
        let found: Vec<StoredAccount> = found.iter().map(StoredAccount::from).collect();
        let password = Some(Password::new(&hash("by name"), 1, wanted.created_at));
        let expected = StoredAccount { account: wanted.clone(), password };
        check_eq!(found, [expected], "the account named {name} is found with its password");
    }
    for (kind, name) in [
        (NameKind::Email, "pat+%_x@example.or"),
        (NameKind::Email, "été'1"),
        (NameKind::Username, "pat+%_x@example.org"),
        (NameKind::Username, "%"),
        (NameKind::Username, ""),
        (NameKind::Username, "1"),
        (NameKind::Email, "a\0b@x.org"),
    ] {
        let found = store.find_by_name(&here, kind, &fold_name(name)).await.expect("find_by_name");
        check_empty!(found, "no account has the name {name:?} of this kind");
    }
}

/// Proves E4.
pub(super) async fn every_account_of_a_name(fixture: &dyn Fixture) {
    let store = fixture.store();
    let realm = realm();
    for number in 0..=MAX_SAME_NAME {
        let shared = with(account(&realm, &number.to_string()), |it| {
            it.email = "shared@example.org".parse().ok();
            it.active = number % 2 == 0;
        });
        fixture.add_account(&shared, None).await;
        let found = store.find_by_name(&realm, NameKind::Email, "shared@example.org").await;
        let expected = MAX_SAME_NAME.min(number + 1);
        check_eq!(found.expect("find_by_name").len(), expected, "all of them, up to a limit");
    }
}

pub(super) async fn texts_unchanged(fixture: &dyn Fixture) {
    let special = "o'brien \"the\\ ünïcødé\u{301} 🔑 $1 ?1 -- ;%_";
    let attributes = json!({
        special: [special, null, true, -7, 1.25, u64::MAX, { "nested": { "empty": {} } }],
        "": "",
        "zero": "a\u{0}b",
    });
    let account = with(account(&realm(), special), |it| {
        it.email = "o'Brien+tag@exa-mple.org".parse().ok();
        it.username = Some(special.to_owned());
        it.profile = Profile {
            given_name: Some(special.to_owned()),
            middle_name: Some(String::new()),
            family_name: None,
            attributes: attributes.as_object().unwrap().clone(),
        };
    });
    let special_hash = repass_core::HashedPassword::from_stored(format!("$special${special}"));
    fixture.add_account(&account, Some(&special_hash)).await;
    let found = found(&*fixture.store(), &account).await;
    check_eq!(found.account, account, "every text is read as it was written");
    let seen = found.password.map(|password| password.hash);
    check_eq!(seen, Some(text(&special_hash)), "the hash is read as it was written");

    let plain = added(fixture).await;
    let found = self::found(&*fixture.store(), &plain).await;
    check_eq!(found.account, plain, "texts that are None are read as None");
}
