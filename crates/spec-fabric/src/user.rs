//! The user's record, which is the answer to a change.

mod reading;
#[cfg(feature = "server")]
mod shown;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Moment;
use reading::ObjectReader;

/// A user's record, in the order of the vendor's page.
///
/// Absent members are left out, except the arrays `phone`, `address` and `provider` and the object
/// `extra`, which are always present. ObjectReader is lenient: members of a wrong shape count as
/// absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "Map<String, Value>")]
pub struct FabricUser {
    /// Whether the account is active.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_active: Option<bool>,
    /// When the user registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration_date: Option<Moment>,
    /// When the registration expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiry_date: Option<Moment>,
    /// The user's roles. The page's schema has an array, its sample a string; both are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// The user's full name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// The user's telephone numbers.
    pub phone: Vec<Phone>,
    /// The user's e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Other data about the user.
    pub extra: Map<String, Value>,
    /// The site where the user registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration_site: Option<String>,
    /// The merchant's account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The user's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// The user's addresses.
    pub address: Vec<Address>,
    /// The user's identity providers.
    pub provider: Vec<Provider>,
    /// When the record was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Moment>,
    /// When the record was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Moment>,
}

/// A person's name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Name {
    /// Given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// Middle name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub middle: Option<String>,
    /// Family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
}

/// A telephone number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Phone {
    /// The number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The country's prefix, such as `+91`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_code: Option<String>,
    /// The extension, which the vendor writes `extenstion`. `extension` is read as well.
    #[serde(rename = "extenstion", skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// Such as `Mobile`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// A postal address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// The person to whose attention mail is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attention: Option<String>,
    /// First line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address1: Option<String>,
    /// Second line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address2: Option<String>,
    /// Third line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address3: Option<String>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// State.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Postal code. The page's sample shows a number; both are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zip_code: Option<String>,
    /// Company.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// Such as `Business`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Telephone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
    /// The name of the person at this address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the address was checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_validated: Option<bool>,
    /// Whether it is the default address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_default: Option<bool>,
}

/// An identity provider of a user, such as `LOCAL`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Provider {
    /// The user's identifier at the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The provider's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether the user can sign in with the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_active: Option<bool>,
    /// When the user registered with the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration_date: Option<Moment>,
    /// When the user last signed in with the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_login_date: Option<Moment>,
}

impl FabricUser {
    /// Reads a record, and returns it with the paths of the members of a wrong shape.
    pub(crate) fn read(members: &Map<String, Value>) -> (Self, Vec<String>) {
        ObjectReader::read(members, |user| Self {
            is_active: user.flag("isActive"),
            registration_date: user.moment("registrationDate"),
            expiry_date: user.moment("expiryDate"),
            roles: user.texts("roles"),
            name: user.object("name").and_then(|name| Name::read(&name)),
            phone: user.objects("phone").iter().map(Phone::read).collect(),
            email: user.text("email"),
            extra: user.any_object("extra").unwrap_or_default(),
            registration_site: user.text("registrationSite"),
            account: user.text("account"),
            user_id: user.text("userId"),
            address: user.objects("address").iter().map(Address::read).collect(),
            provider: user.objects("provider").iter().map(Provider::read).collect(),
            created_at: user.moment("createdAt"),
            updated_at: user.moment("updatedAt"),
        })
    }
}

impl From<Map<String, Value>> for FabricUser {
    fn from(members: Map<String, Value>) -> Self {
        Self::read(&members).0
    }
}

impl Name {
    fn read(name: &ObjectReader<'_>) -> Option<Self> {
        Self { first: name.text("first"), middle: name.text("middle"), last: name.text("last") }
            .unless_empty()
    }

    fn unless_empty(self) -> Option<Self> {
        (self != Self::default()).then_some(self)
    }
}

impl Phone {
    fn read(phone: &ObjectReader<'_>) -> Self {
        Self {
            number: phone.text("number"),
            country_code: phone.text("countryCode"),
            extension: phone.text("extenstion").or_else(|| phone.text("extension")),
            kind: phone.text("kind"),
        }
    }
}

impl Address {
    fn read(address: &ObjectReader<'_>) -> Self {
        Self {
            attention: address.text("attention"),
            address1: address.text("address1"),
            address2: address.text("address2"),
            address3: address.text("address3"),
            city: address.text("city"),
            state: address.text("state"),
            country: address.text("country"),
            zip_code: address.text_or_integer("zipCode"),
            company: address.text("company"),
            kind: address.text("kind"),
            phone: address.object("phone").as_ref().map(Phone::read),
            name: address.object("name").and_then(|name| Name::read(&name)),
            email: address.text("email"),
            is_validated: address.flag("isValidated"),
            is_default: address.flag("isDefault"),
        }
    }
}

impl Provider {
    fn read(provider: &ObjectReader<'_>) -> Self {
        Self {
            id: provider.text("id"),
            name: provider.text("name"),
            is_active: provider.flag("isActive"),
            registration_date: provider.moment("registrationDate"),
            last_login_date: provider.moment("lastLoginDate"),
        }
    }
}

#[cfg(test)]
mod tests;
