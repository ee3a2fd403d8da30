use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{AccountId, Realm, Subject, TokenDigest, UserId};

/// The role of an access token whose holder may act for other accounts of the same realm.
pub const ADMIN_ROLE: &str = "admin";

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyKind {
    /// A bearer key of a service, such as a chat bot (ecom).
    Service,
    /// A key that names an application (etna's `Et-App-Key`).
    App,
    /// A gateway key (fabric's `x-api-key`, customer's when switched on).
    Api,
}

impl KeyKind {
    /// Every kind there is.
    pub const ALL: [Self; 3] = [Self::Service, Self::App, Self::Api];

    /// The kind's name, as stores and the command line write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::App => "app",
            Self::Api => "api",
        }
    }
}

impl std::str::FromStr for KeyKind {
    type Err = UnknownKeyKind;

    fn from_str(text: &str) -> Result<Self, UnknownKeyKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(UnknownKeyKind)
    }
}

/// The text names no kind of key.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a key is of kind service, app or api")]
pub struct UnknownKeyKind;

/// Identifier of an issued key; no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(pub Uuid);

/// Identifier of an issued access token; no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenId(pub Uuid);

/// A key as it is stored: the secret itself only as its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Key {
    /// Which key.
    pub id: KeyId,
    /// The realm whose mounts it opens.
    pub realm: Realm,
    /// What it is for.
    pub kind: KeyKind,
    /// What the operator calls it.
    pub name: String,
    /// Digest of the secret.
    #[serde(skip)]
    pub digest: TokenDigest,
    /// When it was issued.
    pub created_at: Timestamp,
    /// Since when it no longer counts.
    pub revoked_at: Option<Timestamp>,
}

/// An access token as it is stored: the secret itself only as its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccessToken {
    /// Which token.
    pub id: TokenId,
    /// Whose token.
    pub account: AccountId,
    /// What its holder may do beside acting for themselves; see [`ADMIN_ROLE`].
    pub roles: Vec<String>,
    /// Digest of the secret.
    #[serde(skip)]
    pub digest: TokenDigest,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// From when on it no longer counts.
    pub expires_at: Timestamp,
    /// Since when it no longer counts, if it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// An access token together with what is known of its holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldToken {
    /// The token.
    pub token: AccessToken,
    /// The holder's realm.
    pub realm: Realm,
    /// How the vendor calls the holder.
    pub user_id: UserId,
    /// Whether the holder's account is active.
    pub active: bool,
    /// The last moment at which all access tokens of the account were cut off, if that ever was: by
    /// a change of its password or by its deactivation.
    pub valid_after: Option<Timestamp>,
    /// Whether that change kept this token.
    pub kept: bool,
}

impl HeldToken {
    /// Whether the token opens anything at `now`.
    ///
    /// One that was issued up to the moment of a cut counts only if the cut kept it. It need not be
    /// marked as revoked for that: it may have reached the store after the cut.
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        let cut_off = self.valid_after.is_some_and(|cut| self.token.issued_at <= cut) && !self.kept;
        self.active && !cut_off && self.token.revoked_at.is_none() && now < self.token.expires_at
    }
}

/// Who sends a request, as far as it was authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The key the request carried, if a valid one.
    pub key: Option<KeyIdentity>,
    /// The access token the request carried, if a valid one.
    pub token: Option<TokenIdentity>,
}

/// An authenticated key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyIdentity {
    /// Which key.
    pub id: KeyId,
    /// The realm it belongs to.
    pub realm: Realm,
    /// What it is for.
    pub kind: KeyKind,
}

/// An authenticated access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenIdentity {
    /// Which token.
    pub id: TokenId,
    /// The holder's account.
    pub account: AccountId,
    /// The holder's realm.
    pub realm: Realm,
    /// How the vendor calls the holder.
    pub user_id: UserId,
    /// What the holder may do beside acting for themselves.
    pub roles: Vec<String>,
}

impl Caller {
    /// A caller of whom nothing is known.
    pub fn anonymous() -> Self {
        Self { key: None, token: None }
    }

    /// Whether the caller is the account holder.
    pub fn is_holder(&self, subject: &Subject) -> bool {
        self.token.as_ref().is_some_and(|token| {
            token.realm == subject.realm && subject.valid_user_id().as_ref() == Some(&token.user_id)
        })
    }

    /// Whether the caller is an administrator of `realm`.
    pub fn is_admin_of(&self, realm: &Realm) -> bool {
        self.token.as_ref().is_some_and(|token| {
            token.realm == *realm && token.roles.iter().any(|role| role == ADMIN_ROLE)
        })
    }

    /// The caller in one word for the audit trail; never a secret.
    pub fn describe(&self) -> String {
        match (&self.token, &self.key) {
            (Some(token), _) => format!("token:{}", token.id.0),
            (None, Some(key)) => format!("key:{}", key.id.0),
            (None, None) => "anonymous".to_owned(),
        }
    }
}

/// Whose passwords a caller of some API may change, given the right proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authority {
    /// Anybody's: the proof alone decides.
    AnyoneWithProof,
    /// Only the caller's own.
    SelfOnly,
    /// The caller's own, and those of the realm for an administrator.
    SelfOrAdmin,
}

impl Authority {
    /// Decides whether this caller may change the password of this account. The request alone decides,
    /// not whether the account exists.
    pub fn decide(self, caller: Caller, subject: Subject) -> Authorization {
        let is_allowed = match self {
            Self::AnyoneWithProof => true,
            Self::SelfOnly => caller.is_holder(&subject),
            Self::SelfOrAdmin => caller.is_holder(&subject) || caller.is_admin_of(&subject.realm),
        };
        Authorization { caller, subject, is_allowed }
    }
}

/// Who asks for which account's password to be changed, and whether they may; made by
/// [`Authority::decide`].
#[derive(Debug, Clone)]
pub struct Authorization {
    caller: Caller,
    subject: Subject,
    is_allowed: bool,
}

impl Authorization {
    /// Of a caller of whom nothing is known: the proof alone decides.
    pub fn by_proof(subject: Subject) -> Self {
        Authority::AnyoneWithProof.decide(Caller::anonymous(), subject)
    }

    /// Returns whether the caller may change the password. The engine refuses a change for which this
    /// is false, and records it.
    pub const fn is_allowed(&self) -> bool {
        self.is_allowed
    }

    /// The caller.
    pub const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The account.
    pub const fn subject(&self) -> &Subject {
        &self.subject
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(realm: &str, user_id: &str, roles: &[&str]) -> Caller {
        Caller {
            key: None,
            token: Some(TokenIdentity {
                id: TokenId(Uuid::nil()),
                account: AccountId(Uuid::nil()),
                realm: realm.parse().unwrap(),
                user_id: user_id.parse().unwrap(),
                roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            }),
        }
    }

    fn subject(realm: &str, user_id: &str) -> Subject {
        Subject::new(realm.parse().unwrap(), user_id)
    }

    fn moment(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn tokens_count_from_the_last_cut_to_their_expiry() {
        let held = HeldToken {
            token: AccessToken {
                id: TokenId(Uuid::nil()),
                account: AccountId(Uuid::nil()),
                roles: Vec::new(),
                digest: TokenDigest::from_bytes([0; 32]),
                issued_at: moment(10),
                expires_at: moment(20),
                revoked_at: None,
            },
            realm: "a".parse().unwrap(),
            user_id: "pat".parse().unwrap(),
            active: true,
            valid_after: None,
            kept: false,
        };
        let counts = |held: &HeldToken| held.is_valid_at(moment(19));
        assert!(counts(&held));
        assert!(!held.is_valid_at(moment(20)), "expired");
        assert!(!counts(&HeldToken { active: false, ..held.clone() }));
        let revoked = AccessToken { revoked_at: Some(moment(12)), ..held.token.clone() };
        assert!(!counts(&HeldToken { token: revoked.clone(), kept: true, ..held.clone() }));
        for (cut, expected) in [(9, true), (10, false), (11, false)] {
            let cut = HeldToken { valid_after: Some(moment(cut)), ..held.clone() };
            assert_eq!(counts(&cut), expected, "issued at 10, cut at {:?}", cut.valid_after);
            assert!(counts(&HeldToken { kept: true, ..cut }), "the change kept it");
        }
    }

    #[test]
    fn kinds_of_keys_have_stable_names() {
        for (kind, name) in KeyKind::ALL.into_iter().zip(["service", "app", "api"]) {
            assert_eq!(kind.as_str(), name);
            assert_eq!(name.parse(), Ok(kind));
        }
        assert_eq!("Service".parse::<KeyKind>(), Err(UnknownKeyKind));
    }

    #[test]
    fn a_caller_is_described_by_an_id_and_first_by_that_of_the_token() {
        let id = Uuid::nil();
        let key = KeyIdentity { id: KeyId(id), realm: "a".parse().unwrap(), kind: KeyKind::App };
        let with_key = |token| Caller { key: Some(key.clone()), token };
        assert_eq!(Caller::anonymous().describe(), "anonymous");
        assert_eq!(with_key(None).describe(), format!("key:{id}"));
        let token = caller("a", "pat", &[]).token;
        assert_eq!(with_key(token).describe(), format!("token:{id}"));
    }

    fn allows(authority: Authority, caller: &Caller, subject: Subject) -> bool {
        authority.decide(caller.clone(), subject).is_allowed()
    }

    #[test]
    fn holders_act_for_themselves_only() {
        let pat = caller("a", "pat", &[]);
        for authority in [Authority::SelfOnly, Authority::SelfOrAdmin] {
            assert!(allows(authority, &pat, subject("a", "pat")));
            assert!(!allows(authority, &pat, subject("a", "kim")));
            assert!(!allows(authority, &pat, subject("b", "pat")));
            assert!(!allows(authority, &Caller::anonymous(), subject("a", "pat")));
        }
    }

    #[test]
    fn admins_act_in_their_own_realm_only() {
        let admin = caller("a", "root", &[ADMIN_ROLE]);
        assert!(allows(Authority::SelfOrAdmin, &admin, subject("a", "kim")));
        assert!(!allows(Authority::SelfOrAdmin, &admin, subject("b", "kim")));
        assert!(!allows(Authority::SelfOnly, &admin, subject("a", "kim")));
    }
}
