//! Names of realms and accounts.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A separate set of accounts, such as a tenant or a fabric site account.
///
/// 1 to 64 characters out of `a-z`, `0-9`, `.`, `_` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Realm(String);

/// The text is not a valid realm.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a realm is 1 to 64 characters out of a-z, 0-9, '.', '_' and '-'")]
pub struct InvalidRealm;

impl Realm {
    /// The realm's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Realm {
    type Error = InvalidRealm;

    fn try_from(name: String) -> Result<Self, InvalidRealm> {
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
        if (1..=64).contains(&name.len()) && name.bytes().all(allowed) {
            Ok(Self(name))
        } else {
            Err(InvalidRealm)
        }
    }
}

impl FromStr for Realm {
    type Err = InvalidRealm;

    fn from_str(name: &str) -> Result<Self, InvalidRealm> {
        Self::try_from(name.to_owned())
    }
}

impl From<Realm> for String {
    fn from(realm: Realm) -> Self {
        realm.0
    }
}

impl fmt::Display for Realm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// repass's own identifier of an account, unique over all realms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(pub Uuid);

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A vendor's identifier of an account, unique within its realm.
///
/// 1 to 320 bytes without control characters. It is compared exactly, except that a hyphenated GUID
/// is converted to lower case. The all-zero GUID is invalid, because some vendors send it for a
/// missing identifier.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserId(String);

/// The text is not a valid user id.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a user id is 1 to 320 bytes without control characters, and not the all-zero GUID")]
pub struct InvalidUserId;

impl UserId {
    /// The user id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for UserId {
    type Error = InvalidUserId;

    fn try_from(mut text: String) -> Result<Self, InvalidUserId> {
        if text.is_empty() || text.len() > 320 || text.chars().any(char::is_control) {
            return Err(InvalidUserId);
        }
        match Uuid::try_parse(&text) {
            Ok(guid) if text.len() == 36 && guid.is_nil() => return Err(InvalidUserId),
            Ok(_) if text.len() == 36 => text.make_ascii_lowercase(),
            _ => {}
        }
        Ok(Self(text))
    }
}

impl FromStr for UserId {
    type Err = InvalidUserId;

    fn from_str(text: &str) -> Result<Self, InvalidUserId> {
        Self::try_from(text.to_owned())
    }
}

impl From<UserId> for String {
    fn from(user_id: UserId) -> Self {
        user_id.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An e-mail address: text on both sides of its last `@`, at most 320 bytes, without white space
/// and control characters. The mailbox may not exist.
///
/// The spelling is kept; [`Account::has_email`](crate::Account::has_email) ignores case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

/// The text is not a valid e-mail address.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("an e-mail address reads name@domain and has at most 320 bytes")]
pub struct InvalidEmail;

impl Email {
    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Email {
    type Error = InvalidEmail;

    fn try_from(text: String) -> Result<Self, InvalidEmail> {
        let odd = |c: char| c.is_whitespace() || c.is_control();
        match text.rsplit_once('@') {
            Some((name, domain))
                if !name.is_empty()
                    && !domain.is_empty()
                    && text.len() <= 320
                    && !text.contains(odd) =>
            {
                Ok(Self(text))
            }
            _ => Err(InvalidEmail),
        }
    }
}

impl FromStr for Email {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        Self::try_from(text.to_owned())
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn realms_consist_of_the_allowed_characters() {
        assert!("shop-1.eu_west".parse::<Realm>().is_ok());
        for bad in ["", "Shop", "a b", "ä", &"x".repeat(65)] {
            assert_eq!(bad.parse::<Realm>(), Err(InvalidRealm), "{bad}");
        }
    }

    #[test]
    fn guids_are_compared_without_case() {
        let upper: UserId = "1C4B0CA1-AD13-410B-A1C5-BB2065641934".parse().unwrap();
        let lower: UserId = "1c4b0ca1-ad13-410b-a1c5-bb2065641934".parse().unwrap();
        assert_eq!(upper, lower);
        assert_ne!("Ram".parse::<UserId>().unwrap(), "ram".parse::<UserId>().unwrap());
        let without_hyphens = "1C4B0CA1AD13410BA1C5BB2065641934";
        assert_eq!(without_hyphens.parse::<UserId>().unwrap().as_str(), without_hyphens);
    }

    #[test]
    fn user_ids_are_bounded() {
        for bad in ["", "a\nb", &"x".repeat(321), &Uuid::nil().to_string()] {
            assert_eq!(bad.parse::<UserId>(), Err(InvalidUserId));
        }
        for good in ["x", &"x".repeat(320), &Uuid::nil().simple().to_string()] {
            assert_eq!(good.parse::<UserId>().unwrap().as_str(), good);
        }
    }

    #[test]
    fn identifiers_keep_their_spelling() {
        let (realm, user_id, email) = ("shop", "Pat 1", "Pat@Example.org");
        let parsed: (Realm, UserId, Email) =
            (realm.parse().unwrap(), user_id.parse().unwrap(), email.parse().unwrap());
        assert_eq!(parsed.0.to_string(), realm);
        assert_eq!(parsed.1.to_string(), user_id);
        assert_eq!(parsed.2.to_string(), email);
        assert_eq!(json!(parsed), json!([realm, user_id, email]));
        assert_eq!(AccountId(Uuid::nil()).to_string(), Uuid::nil().to_string());
    }

    #[test]
    fn e_mail_addresses_are_bounded() {
        let long = |length: usize| format!("{}@x.org", "p".repeat(length - "@x.org".len()));
        for bad in ["", "pat", "pat@", "@x.org", "a b@x.org", "a\0b@x.org", &long(321)] {
            assert_eq!(bad.parse::<Email>(), Err(InvalidEmail), "{bad}");
        }
        assert_eq!(long(320).parse::<Email>().unwrap().as_str(), long(320));
    }
}
