use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AccountId, ContextWords, Email, Realm, UserId, fold_name};

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
        self.email.as_ref().is_some_and(|own| fold_name(own.as_str()) == fold_name(email))
    }
}

/// The words that a password of the account must not be made of.
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
    use uuid::Uuid;

    use super::*;

    #[test]
    fn e_mail_addresses_are_compared_without_case() {
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
