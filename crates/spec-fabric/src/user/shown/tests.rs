use jiff::Timestamp;
use proptest::prelude::*;
use repass_core::{AccountId, Profile};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;

fn account(profile: Profile) -> Account {
    let (realm, user_id) = ("fabric".parse().unwrap(), "6169b2d892a5f30009d76480".parse().unwrap());
    let created_at = "2020-04-15T10:08:04.246Z".parse().unwrap();
    let mut account = Account::new(AccountId(Uuid::nil()), realm, user_id, created_at);
    account.email = "test@mail.com".parse().ok();
    account.profile = profile;
    account
}

fn shown(account: &Account) -> String {
    let at = Moment("2024-02-29T23:59:59.999999Z".parse().unwrap());
    serde_json::to_string(&FabricUser::from_account(
        account,
        at,
        Some("1234abcd5678efgh9ijklmno".to_owned()),
    ))
    .unwrap()
}

fn with_attributes(attributes: Value) -> Profile {
    let Value::Object(attributes) = attributes else { panic!("not an object") };
    Profile { attributes, ..Profile::default() }
}

#[test]
fn an_account_without_a_profile_has_only_its_own_members() {
    let mut account = account(Profile::default());
    (account.email, account.active) = (None, false);
    assert_eq!(
        shown(&account),
        concat!(
            r#"{"isActive":false,"registrationDate":"2020-04-15T10:08:04.246Z","phone":[],"#,
            r#""extra":{},"account":"1234abcd5678efgh9ijklmno","#,
            r#""userId":"6169b2d892a5f30009d76480","address":[],"provider":[],"#,
            r#""createdAt":"2020-04-15T10:08:04.246Z","updatedAt":"2024-02-29T23:59:59.999Z"}"#
        )
    );
}

#[test]
fn names_come_from_the_profile_unless_imported() {
    let profile = Profile { given_name: Some("Pat".to_owned()), ..Profile::default() };
    let user = FabricUser::from_account(&account(profile), Moment(Timestamp::UNIX_EPOCH), None);
    assert_eq!(user.name, Some(Name { first: Some("Pat".to_owned()), ..Name::default() }));

    let mut profile = with_attributes(json!({"name": {"last": "Kake"}}));
    profile.given_name = Some("Kim".to_owned());
    let user = FabricUser::from_account(&account(profile), Moment(Timestamp::UNIX_EPOCH), None);
    assert_eq!(user.name, Some(Name { last: Some("Kake".to_owned()), ..Name::default() }));
}

#[test]
fn user_id_email_and_activity_cannot_be_imported() {
    let profile = with_attributes(json!({
        "isActive": false, "userId": "other", "email": "other@mail.com",
        "updatedAt": "1999-01-01T00:00:00Z", "account": "xxxxxcxxxxxxxxxxxxxx",
        "createdAt": "2019-01-01T00:00:00Z",
    }));
    let user = FabricUser::from_account(
        &account(profile),
        Moment(Timestamp::UNIX_EPOCH),
        Some("site".to_owned()),
    );
    assert_eq!(user.is_active, Some(true));
    assert_eq!(user.user_id.as_deref(), Some("6169b2d892a5f30009d76480"));
    assert_eq!(user.email.as_deref(), Some("test@mail.com"));
    assert_eq!(user.updated_at, Some(Moment(Timestamp::UNIX_EPOCH)));
    assert_eq!(user.account.as_deref(), Some("xxxxxcxxxxxxxxxxxxxx"));
    assert_eq!(user.created_at.unwrap().to_string(), "2019-01-01T00:00:00.000Z");
    assert_eq!(user.registration_date.unwrap().to_string(), "2020-04-15T10:08:04.246Z");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ -~]{0,8}".prop_map(Value::from),
    ];
    let name = prop::sample::select(vec![
        "isActive",
        "registrationDate",
        "roles",
        "name",
        "phone",
        "extra",
        "address",
        "provider",
        "first",
        "zipCode",
        "extension",
    ]);
    leaf.prop_recursive(4, 32, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6).prop_map(|members| {
                members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_attributes_give_a_well_formed_record(value in any_json()) {
        let attributes = value.as_object().cloned().unwrap_or_default();
        let account = account(Profile { attributes, ..Profile::default() });
        let user: Value = serde_json::from_str(&shown(&account)).unwrap();
        for array in ["phone", "address", "provider"] {
            prop_assert!(user[array].is_array());
        }
        prop_assert!(user["extra"].is_object());
        let again = FabricUser::read(user.as_object().unwrap());
        prop_assert!(again.1.is_empty(), "{:?}", again.1);
        prop_assert_eq!(serde_json::to_value(&again.0).unwrap(), user);
    }
}
