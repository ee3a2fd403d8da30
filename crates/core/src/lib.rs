//! The engine of repass: everything that changing a password takes, and nothing else.
//!
//! It knows the rules (policy, attempts, authority), the secrets (hashing, tokens, one-time
//! passwords) and the order of steps. It knows no HTTP, no SQL and no configuration; stores, clocks
//! and randomness are passed in.
//!
//! Stored hashes of other systems are verified as far as features say: `hash-families` is all that
//! `repass-hash-families` knows, and each of its features is one here.

mod account;
mod account_import;
mod administration;
mod administration_store;
mod attempts;
mod audit;
mod authenticate;
mod caller;
mod change;
mod changer;
mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
mod error_chain;
mod hash;
mod installation_key;
#[cfg(feature = "memory")]
pub mod memory;
pub mod otp;
mod outbox;
mod plaintext;
mod policy;
mod ports;
mod randomness;
pub mod token;
mod validation;

pub use account::{
    Account, AccountId, InvalidRealm, InvalidUserId, Profile, Realm, Subject, UserId,
};
pub use account_import::{AccountBatch, Imported};
pub use administration::{
    Administration, AdministrationError, ImportVerdict, ImportedPassword, NewAccount, NewImport,
};
pub use administration_store::{AccountError, AccountFilter, AdministrationStore};
pub use attempts::{AttemptKey, AttemptPath, AttemptRules, AttemptState, AttemptTicket, Closed};
pub use audit::{AuditFilter, AuditRecord};
pub use authenticate::{Authenticator, CallerAuthenticator};
pub use caller::{
    ADMIN_ROLE, AccessToken, Authority, Authorization, Caller, HeldToken, Key, KeyId, KeyIdentity,
    KeyKind, TokenId, TokenIdentity, UnknownKeyKind,
};
pub use change::{
    Change, ChangeError, Changed, Context, Proof, Sessions, SignedClaims, SignedTokenVerifier,
};
pub use changer::{Changer, ChangerBuilder, InvalidChanger};
pub use clock::{Clock, ManualClock, SystemClock};
pub use error_chain::ErrorChain;
pub use hash::{
    Argon2Path, Argon2PathError, Argon2idHasher, HashError, HashProfile, HashedPassword, Hasher,
    HasherOptions, HasherStatus, InvalidPepper, InvalidProfile, MissingPeppers, Normalisation,
    Peppers, argon2_self_check,
};
pub use installation_key::{InstallationKey, InstallationKeyError};
pub use otp::{OtpEnrolment, OtpError, OtpSecret, OtpSpend};
pub use outbox::{
    AttemptAlarm, Claim, ClaimedEvent, EventKind, OutboxEntry, OutboxEvent, OutboxFilter,
    OutboxState, OutboxStore,
};
pub use plaintext::Plaintext;
pub use policy::{
    AccountWord, Blocklist, CommonPasswords, InvalidPolicy, Knowledge, NewPassword, Policy,
    Violation,
};
pub use ports::{
    Commit, Committed, Credential, CredentialStore, Found, KeyStore, ResetSpend, ResetToken,
    StoreError, TokenStore, Upgrade,
};
pub use randomness::{Randomness, RandomnessError, SystemRandomness, random_uuid};
pub use repass_hash_families::{FormatError, InvalidProject, Projects};
pub use token::TokenDigest;
