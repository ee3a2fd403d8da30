//! The user object, byte for byte.

use repass_core::{AccountWithCredential, Profile, Subject};
use repass_spec_fabric::{Moment, import_profile};
use serde_json::{Value, json};

use super::{TEN_MINUTES, USER, assert_answer, start, with};
use crate::requests::SITE;
use crate::test_context::TestContext;

/// The vendor's sample, with its quirks and a little more.
fn exported() -> Value {
    json!({
        "updatedAt": "2021-01-01T00:00:00.000Z",
        "createdAt": "2020-04-15T10:08:04Z",
        "provider": [
            {
                "lastLoginDate": "2020-04-15T12:08:04.2469999+02:00",
                "registrationDate": "2020-04-15T10:08:04.246Z",
                "isActive": true,
                "name": "LOCAL",
                "id": "6228f647a257734d91dbb49f",
                "secret": "must not be shown"
            },
            {}
        ],
        "address": [
            {
                "isDefault": true, "isValidated": false, "email": "test@mail.com",
                "name": { "last": "Kake", "first": "Pat" },
                "phone": { "kind": "Mobile", "number": "555-123-4567", "extension": "x-1" },
                "kind": "Business", "company": "Acme Inc.", "zipCode": 77035, "country": "USA",
                "state": "TX", "city": "Houston", "address3": "Floor 7", "address2": "Suite 710",
                "address1": "1234 Main St.", "attention": "Account Manager"
            },
            { "zipCode": "01067", "city": "Köln \"am\" Rhein" }
        ],
        "userId": "another user's",
        "account": "xxxxxcxxxxxxxxxxxxxx",
        "registrationSite": "XXX",
        "extra": { "a": { "b": [1, 2.5, null, true] }, "newsletter": false },
        "email": "another@mail.com",
        "phone": [
            { "kind": "Mobile", "extenstion": "x-6789", "countryCode": "+91", "number": "555" },
            { "extension": "x-1" }
        ],
        "name": { "last": "Kake", "middle": "E", "first": "Pat" },
        "roles": "customer",
        "expiryDate": "2099-12-31T23:59:59.999Z",
        "registrationDate": "2020-04-15T10:08:04.246Z",
        "isActive": false,
        "password": "must not be shown"
    })
}

/// The user object for it, without the time of the change.
const SHOWN: &str = concat!(
    r#"{"isActive":true,"registrationDate":"2020-04-15T10:08:04.246Z","#,
    r#""expiryDate":"2099-12-31T23:59:59.999Z","roles":["customer"],"#,
    r#""name":{"first":"Pat","middle":"E","last":"Kake"},"#,
    r#""phone":[{"number":"555","countryCode":"+91","extenstion":"x-6789","kind":"Mobile"},"#,
    r#"{"extenstion":"x-1"}],"email":"rich@example.org","#,
    r#""extra":{"a":{"b":[1,2.5,null,true]},"newsletter":false},"registrationSite":"XXX","#,
    r#""account":"xxxxxcxxxxxxxxxxxxxx","userId":"rich","#,
    r#""address":[{"attention":"Account Manager","address1":"1234 Main St.","#,
    r#""address2":"Suite 710","address3":"Floor 7","city":"Houston","state":"TX","#,
    r#""country":"USA","zipCode":"77035","company":"Acme Inc.","kind":"Business","#,
    r#""phone":{"number":"555-123-4567","extenstion":"x-1","kind":"Mobile"},"#,
    r#""name":{"first":"Pat","last":"Kake"},"email":"test@mail.com","isValidated":false,"#,
    r#""isDefault":true},{"city":"Köln \"am\" Rhein","zipCode":"01067"}],"#,
    r#""provider":[{"id":"6228f647a257734d91dbb49f","name":"LOCAL","isActive":true,"#,
    r#""registrationDate":"2020-04-15T10:08:04.246Z","#,
    r#""lastLoginDate":"2020-04-15T10:08:04.246Z"},{}],"#,
    r#""createdAt":"2020-04-15T10:08:04.000Z","updatedAt":"{}"}"#
);

/// Changes the password of a new account with this profile, and returns its user object and the
/// stored account.
async fn shown(
    test: &TestContext,
    user_id: &str,
    profile: Profile,
) -> (repass_tests::Answer, AccountWithCredential) {
    test.operator.add_with("fabric", user_id, profile).await;
    let token = test.operator.reset_token("fabric", user_id, TEN_MINUTES).await;
    let wire = with(&with(&test.good, "resetToken", token), "userId", user_id);
    let answer = test.send(&wire).await;
    let subject = Subject::new(test.operator.realm("fabric"), user_id);
    (answer, test.operator.store.find(&subject).await.unwrap().unwrap())
}

/// Proves FABRIC-34, FABRIC-35, FABRIC-36, FABRIC-37, FABRIC-38, FABRIC-39.
#[tokio::test(flavor = "multi_thread")]
async fn a_rich_imported_user_is_shown_in_the_page_s_order_and_spelling() {
    let test = start().await;
    let (answer, found) = shown(&test, "rich", import_profile(exported()).unwrap()).await;
    let at = Moment(found.account.updated_at).to_string();
    assert_answer(&answer, 200, &SHOWN.replace("{}\"}", &format!("{at}\"}}")));
    assert!(!answer.text().contains("must not be shown"));
}

/// Proves FABRIC-34, FABRIC-38, FABRIC-39.
#[tokio::test(flavor = "multi_thread")]
async fn absent_scalars_and_objects_are_omitted_and_arrays_are_not() {
    let test = start().await;
    let (answer, found) = shown(&test, "bare", Profile::default()).await;
    let created = Moment(found.account.created_at);
    let updated = Moment(found.account.updated_at);
    let expected = format!(
        concat!(
            r#"{{"isActive":true,"registrationDate":"{created}","phone":[],"#,
            r#""email":"bare@example.org","extra":{{}},"account":"{site}","userId":"bare","#,
            r#""address":[],"provider":[],"createdAt":"{created}","updatedAt":"{updated}"}}"#
        ),
        created = created,
        updated = updated,
        site = SITE,
    );
    assert_answer(&answer, 200, &expected);
}

/// Proves FABRIC-35.
#[tokio::test(flavor = "multi_thread")]
async fn updated_at_is_the_time_of_the_change_and_the_dates_have_three_decimals_and_a_z() {
    let test = start().await;
    let before = Moment(crate::test_context::now()).to_string();
    let (answer, found) = shown(&test, "dated", import_profile(exported()).unwrap()).await;
    let after = Moment(crate::test_context::now()).to_string();
    let user = answer.json();
    let at = user["updatedAt"].as_str().unwrap();
    assert!(before.as_str() <= at && at <= after.as_str(), "{before} {at} {after}");
    let changed = test.last_attempt().await.at;
    assert_eq!(at, Moment(changed).to_string());
    assert_eq!(found.account.updated_at, changed);
    for date in ["registrationDate", "expiryDate", "createdAt", "updatedAt"] {
        assert_date(&user[date]);
    }
    for date in ["registrationDate", "lastLoginDate"] {
        assert_date(&user["provider"][0][date]);
    }
}

/// `YYYY-MM-DDTHH:MM:SS.mmmZ`
#[track_caller]
fn assert_date(value: &Value) {
    let shape: String =
        value.as_str().unwrap().chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000Z");
}

/// Proves FABRIC-36.
#[tokio::test(flavor = "multi_thread")]
async fn roles_and_postal_codes_are_strings_however_they_were_imported() {
    let test = start().await;
    let user = json!({ "roles": ["a", "b"], "address": [{ "zipCode": 7 }, { "zipCode": "07" }] });
    let (answer, _) = shown(&test, "several", import_profile(user).unwrap()).await;
    let user = answer.json();
    assert_eq!(user["roles"], json!(["a", "b"]));
    assert_eq!(user["address"], json!([{ "zipCode": "7" }, { "zipCode": "07" }]));
}

/// Proves FABRIC-38.
#[tokio::test(flavor = "multi_thread")]
async fn the_answer_is_the_user_of_the_request() {
    let test = start().await;
    let answer = test.send(&test.good).await;
    super::assert_user(&answer, USER);
    assert_eq!(answer.json()["isActive"], true);
}
