use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::{Realm, TokenDigest};

/// A stored key, with the digest of its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Key {
    /// The id of the key.
    pub id: KeyId,
    /// The realm for whose mounts it is valid.
    pub realm: Realm,
    /// The kind of the key.
    pub kind: KeyKind,
    /// The operator's name for it.
    pub name: String,
    /// What an admin key allows; nothing if empty.
    pub scopes: BTreeSet<Scope>,
    /// Whether an admin key is valid for all realms.
    pub all_realms: bool,
    /// Digest of the secret.
    #[serde(skip)]
    pub digest: TokenDigest,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// The id of an issued key; not secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(pub Uuid);

/// The kind of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyKind {
    /// A bearer key of a service, such as a chat bot (ecom).
    Service,
    /// A key that names an application (etna's `Et-App-Key`).
    App,
    /// A gateway key (fabric's `x-api-key`, customer's when switched on).
    Api,
    /// A key of a back end for the admin API, with [scopes](Scope).
    Admin,
}

impl KeyKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Service, Self::App, Self::Api, Self::Admin];

    /// The kind's name, for stores and the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::App => "app",
            Self::Api => "api",
            Self::Admin => "admin",
        }
    }
}

impl std::str::FromStr for KeyKind {
    type Err = UnknownKeyKind;

    fn from_str(text: &str) -> Result<Self, UnknownKeyKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(UnknownKeyKind)
    }
}

/// The text is not the name of a kind of key.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a key is of kind service, app, api or admin")]
pub struct UnknownKeyKind;

/// What an admin key allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Reading accounts.
    AccountsRead,
    /// Adding, changing, unlocking and deleting accounts.
    AccountsWrite,
    /// Verifying passwords and evaluating candidates.
    PasswordsVerify,
    /// Setting passwords without a proof.
    PasswordsSet,
    /// Issuing, listing, revoking and introspecting access tokens.
    Tokens,
    /// Issuing, listing and revoking reset tokens, and one-time passwords.
    Resets,
    /// Reading audit records.
    AuditRead,
    /// Listing, retrying and dropping events.
    Outbox,
    /// Issuing, listing and revoking keys.
    Keys,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 9] = [
        Self::AccountsRead,
        Self::AccountsWrite,
        Self::PasswordsVerify,
        Self::PasswordsSet,
        Self::Tokens,
        Self::Resets,
        Self::AuditRead,
        Self::Outbox,
        Self::Keys,
    ];

    /// The scope's name, for stores, the command line and the admin API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccountsRead => "accounts:read",
            Self::AccountsWrite => "accounts:write",
            Self::PasswordsVerify => "passwords:verify",
            Self::PasswordsSet => "passwords:set",
            Self::Tokens => "tokens",
            Self::Resets => "resets",
            Self::AuditRead => "audit:read",
            Self::Outbox => "outbox",
            Self::Keys => "keys",
        }
    }
}

impl std::str::FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or(UnknownScope)
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The text is not the name of a scope.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a scope is one of {}", Scope::ALL.map(Scope::as_str).join(", "))]
pub struct UnknownScope;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_have_stable_names() {
        for scope in Scope::ALL {
            assert_eq!(scope.as_str().parse(), Ok(scope));
            let json = serde_json::json!(scope);
            assert_eq!(json, scope.as_str());
            assert_eq!(serde_json::from_value::<Scope>(json).unwrap(), scope);
        }
        assert_eq!("*".parse::<Scope>(), Err(UnknownScope));
        assert!(serde_json::from_str::<Scope>("\"*\"").is_err());
    }

    #[test]
    fn kinds_of_keys_have_stable_names() {
        for (kind, name) in KeyKind::ALL.into_iter().zip(["service", "app", "api", "admin"]) {
            assert_eq!(kind.as_str(), name);
            assert_eq!(name.parse(), Ok(kind));
        }
        assert_eq!("Service".parse::<KeyKind>(), Err(UnknownKeyKind));
    }
}
