//! How accounts are written.

use repass_core::jiff::Timestamp;
use repass_core::serde_json::{Map, Value};
use repass_core::{Account, Profile};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The attribute of the profile that has the language.
pub(crate) const LOCALE: &str = "locale";

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountView {
    /// The id of the account, which never changes.
    pub(crate) id: String,
    /// The realm.
    realm: String,
    /// The id that the vendors' APIs name the account by, unique within the realm.
    pub(crate) user_id: String,
    /// The e-mail address.
    #[schema(required)]
    email: Option<String>,
    /// The name the user signs in with, if it differs from the user id.
    #[schema(required)]
    username: Option<String>,
    /// The names of the user.
    name: Name,
    /// The language of the user (BCP 47).
    #[schema(required)]
    locale: Option<String>,
    /// Further attributes, which vendors' APIs return.
    #[schema(value_type = Map<String, Value>)]
    profile: Map<String, Value>,
    /// Whether the account may be used.
    active: bool,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it or its password was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// The names of a user.
#[derive(Debug, Serialize, ToSchema)]
struct Name {
    /// Given (first) name.
    #[schema(required)]
    given: Option<String>,
    /// Middle name.
    #[schema(required)]
    middle: Option<String>,
    /// Family (last) name.
    #[schema(required)]
    family: Option<String>,
}

/// The names of a new user.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewName {
    /// Given (first) name.
    given: Option<String>,
    /// Middle name.
    middle: Option<String>,
    /// Family (last) name.
    family: Option<String>,
}

impl From<Account> for AccountView {
    fn from(account: Account) -> Self {
        let Profile { given_name, middle_name, family_name, attributes: mut profile } =
            account.profile;
        let locale = match profile.remove(LOCALE) {
            Some(Value::String(locale)) => Some(locale),
            // Of another type, it is an attribute like others.
            Some(other) => {
                profile.insert(LOCALE.to_owned(), other);
                None
            }
            None => None,
        };
        Self {
            id: account.id.to_string(),
            realm: account.realm.into(),
            user_id: account.user_id.into(),
            email: account.email.map(String::from),
            username: account.username,
            name: Name { given: given_name, middle: middle_name, family: family_name },
            locale,
            profile,
            active: account.active,
            created_at: account.created_at,
            updated_at: account.updated_at,
        }
    }
}

/// Returns the profile of these members.
pub(crate) fn profile(
    name: NewName,
    locale: Option<String>,
    profile: Map<String, Value>,
) -> Profile {
    let mut attributes = profile;
    set_locale(&mut attributes, locale);
    let NewName { given, middle, family } = name;
    Profile { given_name: given, middle_name: middle, family_name: family, attributes }
}

pub(crate) fn set_locale(attributes: &mut Map<String, Value>, locale: Option<String>) {
    match locale {
        Some(locale) => drop(attributes.insert(LOCALE.to_owned(), locale.into())),
        None => drop(attributes.remove(LOCALE)),
    }
}
