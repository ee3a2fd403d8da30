use serde_json::json;

use super::Fixture;
use super::sample::{account, added, at, found, hash, realm, subject};
use repass_core::{Account, Credential, Found, Profile, Subject};

pub(super) async fn by_realm_and_user_id_exactly(fixture: &dyn Fixture) {
    let store = fixture.store();
    let (here, elsewhere) = (realm(), realm());
    let wanted = account(&here, "Pat.100%_a");
    let namesake = account(&elsewhere, "Pat.100%_a");
    let neighbour = account(&here, "Pat.100x_a");
    fixture.add_account(&wanted, Some(&hash("wanted"))).await;
    fixture.add_account(&namesake, Some(&hash("namesake"))).await;
    fixture.add_account(&neighbour, None).await;

    let credential = Credential { hash: hash("wanted"), version: 1, changed_at: at(-1000) };
    let expected = Found { account: wanted.clone(), credential: Some(credential) };
    assert_eq!(found(&*store, &wanted).await, expected, "found as it was added");
    assert_eq!(found(&*store, &namesake).await.account, namesake, "each realm has its own");
    assert_eq!(found(&*store, &neighbour).await.credential, None, "no password was ever set");

    for stranger in ["pat.100%_a", "PAT.100%_A", "Pat.100", "Pat.100%_a ", "", "a\nb", "%", "\0"] {
        let nobody = store.find(&Subject::new(here.clone(), stranger)).await.expect("find");
        assert_eq!(nobody, None, "{stranger:?} is nobody's user id");
    }
    let nobody = store.find(&Subject::new(realm(), "Pat.100%_a")).await.expect("find");
    assert_eq!(nobody, None, "the realm must be right");

    let with_email = subject(&wanted).with_email("someone.else@example.org");
    let regardless = store.find(&with_email).await.expect("find");
    assert!(regardless.is_some(), "the e-mail address is the engine's to compare");
}

pub(super) async fn inactive_accounts_too(fixture: &dyn Fixture) {
    let inactive = Account { active: false, ..account(&realm(), "gone") };
    fixture.add_account(&inactive, Some(&hash("inactive"))).await;
    let found = found(&*fixture.store(), &inactive).await;
    assert!(!found.account.active, "found, and known to be inactive");
    assert!(found.credential.is_some(), "an inactive account keeps its password");
}

pub(super) async fn guids_in_any_case(fixture: &dyn Fixture) {
    let account = account(&realm(), "1c4b0ca1-ad13-410b-a1c5-bb2065641934");
    fixture.add_account(&account, None).await;
    let upper = Subject::new(account.realm.clone(), "1C4B0CA1-AD13-410B-A1C5-BB2065641934");
    let found = fixture.store().find(&upper).await.expect("find");
    assert!(found.is_some(), "a GUID is one identifier in any case");
}

pub(super) async fn texts_as_they_were(fixture: &dyn Fixture) {
    let odd = "o'brien \"the\\ ünïcødé\u{301} 🔑 $1 ?1 -- ;%_";
    let attributes = json!({
        odd: [odd, null, true, -7, 1.25, u64::MAX, { "nested": { "empty": {} } }],
        "": "",
        "zero": "a\u{0}b",
    });
    let account = Account {
        email: Some(format!("{odd}@example.org")),
        username: Some(odd.to_owned()),
        profile: Profile {
            given_name: Some(odd.to_owned()),
            middle_name: Some(String::new()),
            family_name: None,
            attributes: attributes.as_object().unwrap().clone(),
        },
        ..account(&realm(), odd)
    };
    let odd_hash = repass_core::HashedPassword::from_stored(format!("$odd${odd}"));
    fixture.add_account(&account, Some(&odd_hash)).await;
    let found = found(&*fixture.store(), &account).await;
    assert_eq!(found.account, account, "every text comes back as it was");
    assert_eq!(found.credential.map(|credential| credential.hash), Some(odd_hash));

    let plain = added(fixture).await;
    let found = self::found(&*fixture.store(), &plain).await;
    assert_eq!(found.account, plain, "absent texts stay absent");
}
