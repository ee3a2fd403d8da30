use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ContextWords;

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
/// The spelling is kept; [`Account::has_email`] ignores case.
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

/// One user in one realm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Account {
    /// repass's own identifier.
    pub id: AccountId,
    /// The realm of the account.
    pub realm: Realm,
    /// The vendor's identifier.
    pub user_id: UserId,
    /// E-mail address.
    pub email: Option<Email>,
    /// Name the user signs in with, where it differs from the user id.
    pub username: Option<String>,
    /// Names and other attributes of the user.
    pub profile: Profile,
    /// Whether the account may be used.
    pub active: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// When the account or its password was last changed.
    pub updated_at: Timestamp,
}

impl Account {
    /// Creates an active account without e-mail address, user name and profile.
    pub fn new(id: AccountId, realm: Realm, user_id: UserId, created_at: Timestamp) -> Self {
        Self {
            id,
            realm,
            user_id,
            email: None,
            username: None,
            profile: Profile::default(),
            active: true,
            created_at,
            updated_at: created_at,
        }
    }

    /// Returns whether `email` is this account's address, ignoring case.
    pub fn has_email(&self, email: &str) -> bool {
        self.email.as_ref().is_some_and(|own| own.0.to_lowercase() == email.to_lowercase())
    }
}

/// The words that a password of the account must not contain.
impl<'a> From<&'a Account> for ContextWords<'a> {
    fn from(account: &'a Account) -> Self {
        let Profile { given_name, middle_name, family_name, .. } = &account.profile;
        Self {
            user_id: Some(account.user_id.as_str()),
            username: account.username.as_deref(),
            email: account.email.as_ref().map(Email::as_str),
            names: [given_name, middle_name, family_name].map(Option::as_deref),
        }
    }
}

/// Names and other attributes of a user.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Given (first) name.
    pub given_name: Option<String>,
    /// Middle name.
    pub middle_name: Option<String>,
    /// Family (last) name.
    pub family_name: Option<String>,
    /// Attributes that a vendor's API returns, as JSON members in that vendor's spelling.
    #[serde(default)]
    pub attributes: serde_json::Map<String, serde_json::Value>,
}

impl Profile {
    /// Returns the profile as JSON, for a store. The JSON is parsed once, so that an unreadable
    /// profile is refused before it is stored.
    ///
    /// # Errors
    /// When the attributes nest too deeply for the JSON parser, which accepts at least 100 levels.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let json = serde_json::to_string(self)?;
        serde_json::from_str::<Self>(&json)?;
        Ok(json)
    }
}

/// The account that a request names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The realm of the account.
    pub realm: Realm,
    /// The user id as received; unlike a [`UserId`] it may be any text.
    pub user_id: String,
    /// The e-mail address, for vendors that send both; it must be the account's too.
    pub email: Option<String>,
}

impl Subject {
    /// Names the account `user_id` of `realm`.
    pub fn new(realm: Realm, user_id: impl Into<String>) -> Self {
        Self { realm, user_id: user_id.into(), email: None }
    }

    /// Requires that the account has this e-mail address too.
    #[must_use]
    pub fn with_email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }

    /// Returns the user id if it is valid.
    pub fn valid_user_id(&self) -> Option<UserId> {
        self.user_id.parse().ok()
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
    fn e_mail_addresses_are_bounded_and_compared_without_case() {
        let long = |length: usize| format!("{}@x.org", "p".repeat(length - "@x.org".len()));
        for bad in ["", "pat", "pat@", "@x.org", "a b@x.org", "a\0b@x.org", &long(321)] {
            assert_eq!(bad.parse::<Email>(), Err(InvalidEmail), "{bad}");
        }
        assert_eq!(long(320).parse::<Email>().unwrap().as_str(), long(320));
        let (realm, user_id) = ("test".parse().unwrap(), "42".parse().unwrap());
        let mut account =
            Account::new(AccountId(Uuid::nil()), realm, user_id, Timestamp::UNIX_EPOCH);
        assert!(!account.has_email("pat@x.org"));
        account.email = "Pat@x.org".parse().ok();
        assert!(account.has_email("pat@X.ORG") && !account.has_email("pat@x.com"));
    }

    #[test]
    fn profiles_nested_too_deeply_are_refused() {
        let nested = |depth| (0..depth).fold(json!("bottom"), |inner, _| json!([inner]));
        let mut profile = Profile::default();
        profile.attributes.insert("deep".to_owned(), nested(100));
        let read: Profile = serde_json::from_str(&profile.to_json().unwrap()).unwrap();
        assert_eq!(read, profile);
        profile.attributes.insert("deep".to_owned(), nested(200));
        assert!(profile.to_json().is_err());
    }

    #[test]
    fn context_words_include_every_identifier_and_name() {
        let text = |word: &str| Some(word.to_owned());
        let id = AccountId(Uuid::nil());
        let (realm, user_id) = ("test".parse().unwrap(), "42".parse().unwrap());
        let account = Account {
            email: "a@example.org".parse().ok(),
            username: text("ram"),
            profile: Profile {
                given_name: text("Ram"),
                middle_name: text("S."),
                family_name: text("Iyer"),
                ..Profile::default()
            },
            ..Account::new(id, realm, user_id, Timestamp::UNIX_EPOCH)
        };
        let ContextWords { user_id, username, email, names } = ContextWords::from(&account);
        assert_eq!([user_id, username, email], [Some("42"), Some("ram"), Some("a@example.org")]);
        assert_eq!(names, [Some("Ram"), Some("S."), Some("Iyer")]);
    }
}
