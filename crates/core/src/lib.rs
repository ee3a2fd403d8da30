//! The engine of repass: everything that changing a password takes, and nothing else.
//!
//! It knows the rules (policy, attempts, authority), the secrets (hashing, tokens, one-time
//! passwords) and the order of steps. It knows no HTTP, no SQL and no configuration; stores, clocks
//! and randomness are passed in.
//!
//! Without features it is what evaluates a new password: [`Policy`], [`Plaintext`] and what they report. The
//! feature `engine` is all the rest.
//!
//! Stored hashes of other systems are verified as far as features say: `hash-families` is all that
//! `repass-hash-families` knows, and each of its features is one here.

#[cfg(feature = "engine")]
mod account;
#[cfg(feature = "engine")]
mod account_import;
#[cfg(feature = "engine")]
mod administration;
#[cfg(feature = "engine")]
mod administration_store;
#[cfg(feature = "engine")]
mod attempts;
#[cfg(feature = "engine")]
mod audit;
#[cfg(feature = "engine")]
mod authenticate;
#[cfg(feature = "engine")]
mod caller;
#[cfg(feature = "engine")]
mod change;
#[cfg(feature = "engine")]
mod clock;
#[cfg(feature = "engine")]
mod engine;
mod error_chain;
#[cfg(feature = "engine")]
mod hash;
#[cfg(feature = "engine")]
mod installation_key;
#[cfg(feature = "engine")]
mod key_checks;
#[cfg(feature = "engine")]
pub mod otp;
#[cfg(feature = "engine")]
mod outbox;
#[cfg(feature = "engine")]
mod password_change;
mod plaintext;
mod policy;
#[cfg(feature = "engine")]
mod ports;
#[cfg(feature = "engine")]
mod randomness;
#[cfg(feature = "engine")]
pub mod token;
#[cfg(feature = "engine")]
mod validation;

pub use error_chain::ErrorChain;
pub use plaintext::Plaintext;
pub use policy::{
    AccountWord, Blocklist, CommonPasswords, ContextWords, InvalidPolicy, NewPassword, Policy,
    PolicyContext, PolicyRules, Violation,
};

#[cfg(feature = "engine")]
pub use self::{
    account::{
        Account, AccountId, Email, InvalidEmail, InvalidRealm, InvalidUserId, Profile, Realm,
        Subject, UserId,
    },
    account_import::{AccountBatch, Imported},
    administration::{
        Administration, AdministrationError, ImportVerdict, ImportedPassword, NewAccount,
        NewImport, Retention,
    },
    administration_store::{
        AccountError, AccountFilter, AdministrationStore, PruneCutoffs, Pruned,
    },
    attempts::{
        AttemptKey, AttemptPath, AttemptReservation, AttemptState, InvalidLockoutPolicy, LockedOut,
        LockoutPolicy,
    },
    audit::{AuditFilter, AuditRecord},
    authenticate::CallerAuthenticator,
    caller::{
        ADMIN_ROLE, AccessToken, Authority, Authorization, Caller, HeldToken, Key, KeyId,
        KeyIdentity, KeyKind, TokenId, TokenIdentity, UnknownKeyKind,
    },
    change::{
        Change, ChangeError, ChangeOutcome, Changed, Context, Proof, Sessions, SignedClaims,
        SignedTokenVerifier,
    },
    clock::{Clock, SystemClock},
    engine::{Engine, EngineBuilder},
    hash::{
        Argon2Path, Argon2PathError, Argon2idHasher, HashError, HashProfile, HashedPassword,
        Hasher, HasherOptions, HasherStatus, InvalidPepper, InvalidProfile, MissingPeppers,
        Normalization, Peppers, argon2_self_check,
    },
    installation_key::{InstallationKey, InstallationKeyError},
    key_checks::{KeyCheckError, accept_keys, check_keys, has_installation_key_check},
    otp::{OtpEnrollment, OtpError, OtpSecret, OtpSpend},
    outbox::{
        Claim, ClaimEvents, ClaimedEvent, DeferredLockoutEvent, Delivery, DeliveryOutcome,
        DeliveryState, EventKind, OutboxEntry, OutboxEvent, OutboxFilter, OutboxStore,
    },
    ports::{
        AccountWithCredential, AttemptOutcome, Commit, CommitOutcome, Credential, CredentialStore,
        FinishAttempt, KeyStore, Rehash, ReserveAttempt, ReserveOutcome, ResetSpend, ResetToken,
        StoreError, TokenStore,
    },
    randomness::{Randomness, RandomnessError, SystemRandomness, random_uuid},
    token::TokenDigest,
};
#[cfg(feature = "engine")]
pub use repass_hash_families::{FormatError, InvalidProject, Projects};
