use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{AccountId, KeyId, KeyKind, Realm, Subject, TokenDigest, UserId};

/// The role whose holders may change passwords of other accounts of their realm.
pub const ADMIN_ROLE: &str = "admin";

/// The id of an access token; not secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenId(pub Uuid);

impl TokenId {
    /// Returns the id of a token that another system issued: the beginning of its digest as a UUID
    /// of version 8 (RFC 9562, 5.8). The same token always has the same id, and no issued token
    /// has it, since these have version 4.
    pub fn from_digest(digest: &TokenDigest) -> Self {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest.as_bytes()[..16]);
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

/// A stored access token, with the digest of its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccessToken {
    /// The id of the token.
    pub id: TokenId,
    /// The holder's account.
    pub account: AccountId,
    /// The holder's roles; see [`ADMIN_ROLE`].
    pub roles: Vec<String>,
    /// Digest of the secret.
    #[serde(skip)]
    pub digest: TokenDigest,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The end user's address at the issue, as the caller said it.
    pub ip_address: Option<String>,
    /// The end user's browser or app at the issue, as the caller said it.
    pub user_agent: Option<String>,
    /// When it was last used, at most [`USE_PERIOD`](Self::USE_PERIOD) too early.
    pub last_used_at: Option<Timestamp>,
}

impl AccessToken {
    /// The shortest time between two records of the use of a token.
    pub const USE_PERIOD: Duration = Duration::from_secs(600);
}

/// An access token with its holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldToken {
    /// The token.
    pub token: AccessToken,
    /// The holder's realm.
    pub realm: Realm,
    /// The holder's user id.
    pub user_id: UserId,
    /// Whether the holder's account is active.
    pub active: bool,
    /// Access tokens of the account that were issued up to this time are invalid, since its
    /// password was changed, the account was deactivated or all its tokens were revoked then.
    pub valid_after: Option<Timestamp>,
    /// Whether the change at `valid_after` kept this token valid.
    pub kept: bool,
}

impl HeldToken {
    /// Returns whether the token is valid at `now`.
    ///
    /// `valid_after` is compared in addition to `revoked_at`, since a token may reach the store
    /// after the change that revoked all tokens.
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        let is_void =
            self.valid_after.is_some_and(|after| self.token.issued_at <= after) && !self.kept;
        self.active && !is_void && self.token.revoked_at.is_none() && now < self.token.expires_at
    }
}

/// The authenticated caller of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The key that was presented, if it is valid.
    pub key: Option<KeyIdentity>,
    /// The access token that was presented, if it is valid.
    pub token: Option<TokenIdentity>,
}

/// An authenticated key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyIdentity {
    /// The id of the key.
    pub id: KeyId,
    /// The realm of the key.
    pub realm: Realm,
    /// The kind of the key.
    pub kind: KeyKind,
}

/// An authenticated access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenIdentity {
    /// The id of the token.
    pub id: TokenId,
    /// The issuer of a token that repass did not issue and does not store.
    pub issuer: Option<String>,
    /// The holder's account.
    pub account: AccountId,
    /// The holder's realm.
    pub realm: Realm,
    /// The holder's user id.
    pub user_id: UserId,
    /// The holder's roles.
    pub roles: Vec<String>,
}

impl Caller {
    /// Returns an unauthenticated caller.
    pub fn anonymous() -> Self {
        Self { key: None, token: None }
    }

    /// Returns whether the caller is the holder of this account.
    pub fn is_holder(&self, subject: &Subject) -> bool {
        self.token.as_ref().is_some_and(|token| {
            token.realm == subject.realm && subject.valid_user_id().as_ref() == Some(&token.user_id)
        })
    }

    /// Returns whether the caller is an administrator of `realm`.
    pub fn is_admin_of(&self, realm: &Realm) -> bool {
        self.token.as_ref().is_some_and(|token| {
            token.realm == *realm && token.roles.iter().any(|role| role == ADMIN_ROLE)
        })
    }

    /// Returns the caller in one word for audit records, such as `token:ID`, or `token:ID@ISSUER`
    /// for a token of another issuer; not secret.
    pub fn describe(&self) -> String {
        match (&self.token, &self.key) {
            (Some(TokenIdentity { id, issuer: Some(issuer), .. }), _) => {
                format!("token:{}@{issuer}", id.0)
            }
            (Some(token), _) => format!("token:{}", token.id.0),
            (None, Some(key)) => format!("key:{}", key.id.0),
            (None, None) => "anonymous".to_owned(),
        }
    }
}

/// Whose passwords a caller may change, given the right proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authority {
    /// Those of all accounts: only the proof is required.
    AnyoneWithProof,
    /// Only the caller's own.
    SelfOnly,
    /// The caller's own, and those of the realm for an administrator.
    SelfOrAdmin,
}

impl Authority {
    /// Decides whether this caller may change the password of this account. The decision does not
    /// depend on whether the account exists.
    pub fn decide(self, caller: Caller, subject: Subject) -> Authorization {
        let is_allowed = match self {
            Self::AnyoneWithProof => true,
            Self::SelfOnly => caller.is_holder(&subject),
            Self::SelfOrAdmin => caller.is_holder(&subject) || caller.is_admin_of(&subject.realm),
        };
        Authorization { caller, subject, is_allowed }
    }
}

/// A caller, an account, and whether the caller may change its password; created by
/// [`Authority::decide`].
#[derive(Debug, Clone)]
pub struct Authorization {
    caller: Caller,
    subject: Subject,
    is_allowed: bool,
}

impl Authorization {
    /// Authorizes an unauthenticated caller, so that only the proof is required.
    pub fn by_proof(subject: Subject) -> Self {
        Authority::AnyoneWithProof.decide(Caller::anonymous(), subject)
    }

    /// Returns whether the caller may change the password. Otherwise the engine refuses and records
    /// the change.
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
                issuer: None,
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
    fn tokens_are_valid_from_the_last_change_until_they_expire() {
        let held = HeldToken {
            token: AccessToken {
                id: TokenId(Uuid::nil()),
                account: AccountId(Uuid::nil()),
                roles: Vec::new(),
                digest: TokenDigest::from_bytes([0; 32]),
                issued_at: moment(10),
                expires_at: moment(20),
                revoked_at: None,
                ip_address: None,
                user_agent: None,
                last_used_at: None,
            },
            realm: "a".parse().unwrap(),
            user_id: "pat".parse().unwrap(),
            active: true,
            valid_after: None,
            kept: false,
        };
        let is_valid = |held: &HeldToken| held.is_valid_at(moment(19));
        assert!(is_valid(&held));
        assert!(!held.is_valid_at(moment(20)), "expired");
        assert!(!is_valid(&HeldToken { active: false, ..held.clone() }));
        let revoked = AccessToken { revoked_at: Some(moment(12)), ..held.token.clone() };
        assert!(!is_valid(&HeldToken { token: revoked.clone(), kept: true, ..held.clone() }));
        for (after, expected) in [(9, true), (10, false), (11, false)] {
            let changed = HeldToken { valid_after: Some(moment(after)), ..held.clone() };
            assert_eq!(
                is_valid(&changed),
                expected,
                "issued at 10, changed at {:?}",
                changed.valid_after
            );
            assert!(is_valid(&HeldToken { kept: true, ..changed }), "the change kept it");
        }
    }

    #[test]
    fn a_caller_is_described_by_the_id_of_its_token_or_key() {
        let id = Uuid::nil();
        let key = KeyIdentity { id: KeyId(id), realm: "a".parse().unwrap(), kind: KeyKind::App };
        let with_key = |token| Caller { key: Some(key.clone()), token };
        assert_eq!(Caller::anonymous().describe(), "anonymous");
        assert_eq!(with_key(None).describe(), format!("key:{id}"));
        let token = caller("a", "pat", &[]).token;
        assert_eq!(with_key(token.clone()).describe(), format!("token:{id}"));
        let foreign = token.map(|own| TokenIdentity { issuer: Some("other".to_owned()), ..own });
        assert_eq!(with_key(foreign).describe(), format!("token:{id}@other"));
    }

    #[test]
    fn the_id_of_a_foreign_token_depends_on_the_token_only() {
        let id = |text: &str| TokenId::from_digest(&TokenDigest::from_identifier(text.as_bytes()));
        assert_eq!(id("a"), id("a"));
        assert_ne!(id("a"), id("b"));
        assert_eq!(id("a").0.get_version_num(), 8);
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
