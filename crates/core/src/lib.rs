//! The engine of repass: it changes, resets and verifies passwords, and administers accounts, keys
//! and tokens.
//!
//! It contains the rules (policy, lockout, authority), the secrets (hashing, tokens, one-time
//! passwords) and the steps of a change. It contains no HTTP, SQL, configuration, runtime or
//! vendor: stores, clock and random source are passed in through ports.
//!
//! | to | see |
//! | --- | --- |
//! | change a password | [`Engine::change`] with a [`Change`] |
//! | verify a password | [`Engine::sign_in`] with a [`SignIn`] |
//! | add accounts, issue keys and tokens, read audit records | [`Engine::administration`] |
//! | keep accounts in a database | the ports: [`CredentialStore`], [`TokenStore`], [`KeyStore`], [`OutboxStore`], [`AdministrationStore`] |
//! | set the rules for new passwords | [`Policy`], [`PolicyRules`] |
//! | set the rules for failures | [`LockoutPolicy`] |
//! | hash passwords | [`Argon2idHasher`], also on debug builds |
//! | authenticate callers by other means | [`CallerAuthenticator`] |
//!
#![cfg_attr(feature = "engine", doc = "```")]
#![cfg_attr(not(feature = "engine"), doc = "```ignore")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//!
//! use repass_core::{
//!     Argon2idHasher, Authority, Caller, Change, ChangeError, Engine, HasherOptions, InstallationKey,
//!     NewAccount, Profile, Proof, Realm, Subject, SystemRandomness,
//! };
//! use repass_testkit::MemoryStore;
//!
//! # let options = HasherOptions {
//! #     profile: repass_core::HashProfile::INSECURE_FOR_TESTS,
//! #     ..HasherOptions::default()
//! # };
//! // let options = HasherOptions::default();
//! let hasher = Arc::new(Argon2idHasher::start(&options, Arc::new(SystemRandomness))?);
//! let store = Arc::new(MemoryStore::new()); // in production a database
//! let key = InstallationKey::generate(&SystemRandomness)?; // in production always the same
//! let engine = Engine::builder(store, hasher.clone(), key).build();
//!
//! let realm: Realm = "shop".parse()?;
//! let account = NewAccount {
//!     realm: realm.clone(),
//!     user_id: "pat".parse()?,
//!     email: None,
//!     username: None,
//!     profile: Profile::default(),
//! };
//! let password = Some("correct horse battery staple".into());
//! engine.administration().add_account(account, password).await?;
//!
//! let change = |old: &str| {
//!     let subject = Subject::new(realm.clone(), "pat");
//!     let authorization = Authority::AnyoneWithProof.decide(Caller::anonymous(), subject);
//!     Change::new(authorization, Proof::OldPassword(old.into()), "another long phrase".into())
//! };
//! let wrong = engine.change(change("a guess")).await;
//! assert!(matches!(wrong, Err(ChangeError::WrongPassword)));
//! engine.change(change("correct horse battery staple")).await?;
//! hasher.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! | feature | what it adds |
//! | --- | --- |
//! | none | the evaluation of new passwords: [`Policy`], [`Plaintext`] and their types |
//! | `engine` | everything else, and re-exports of `async_trait`, `jiff`, `serde_json` and `uuid`, which the ports use |
//! | `strength` | the strength estimate of [`PolicyRules::min_score`], by the crate zxcvbn |
//! | `hash-families` | stored hashes of other systems: all families of `repass-hash-families`, each of which is also a feature of this crate |

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
mod compromised;
#[cfg(feature = "engine")]
mod credential_store;
#[cfg(feature = "engine")]
mod engine;
#[cfg(feature = "engine")]
mod engine_status;
mod error_chain;
#[cfg(feature = "engine")]
mod event;
#[cfg(feature = "engine")]
mod find_and_reserve;
#[cfg(feature = "engine")]
mod hash;
#[cfg(feature = "engine")]
mod identifiers;
#[cfg(feature = "engine")]
mod installation_key;
#[cfg(feature = "engine")]
mod key;
#[cfg(feature = "engine")]
mod key_checks;
#[cfg(feature = "engine")]
mod lockout_policy;
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
mod sign_in;
#[cfg(feature = "engine")]
mod store_status;
#[cfg(feature = "engine")]
pub mod token;
#[cfg(feature = "engine")]
mod token_times;
#[cfg(feature = "engine")]
mod validation;

pub use error_chain::ErrorChain;
pub use plaintext::Plaintext;
pub use policy::{
    Blocklist, CompromisedRule, ContextWord, ContextWords, InvalidPolicy, LockoutClause,
    NewPassword, Policy, PolicyContext, PolicyPreset, PolicyRules, Violation,
};

#[cfg(feature = "engine")]
pub use self::{
    account::{Account, Profile, Subject},
    account_import::{AccountBatch, Imported},
    administration::{
        Administration, AdministrationError, FirstPassword, ImportOutcome, ImportedPassword,
        NewAccount, NewImport, Retention, check_key_name, check_username,
    },
    administration_store::{
        AccountError, AccountFilter, AdministrationStore, OlderTokens, PruneCutoffs, Pruned,
    },
    attempts::{AttemptKey, AttemptPath, AttemptReservation, AttemptState, LockedOut},
    audit::{AuditFilter, AuditRecord},
    authenticate::{AuthenticationError, CallerAuthenticator},
    caller::{
        ADMIN_ROLE, AccessToken, Authority, Authorization, Caller, HeldToken, KeyIdentity, TokenId,
        TokenIdentity,
    },
    change::{
        Change, ChangeError, ChangeOutcome, Changed, Context, Proof, Sessions, SignedClaims,
        SignedTokenError, SignedTokenVerifier,
    },
    clock::{Clock, SystemClock},
    compromised::{CompromisedPasswords, CompromisedUnavailable},
    credential_store::{
        AccountWithCredential, AttemptOutcome, Commit, CommitOutcome, Credential, CredentialStore,
        FinishAttempt, MAX_SAME_NAME, Rehash, ReserveAttempt, ReserveOutcome, ResetSpend,
    },
    engine::{Engine, EngineBuilder},
    engine_status::EngineStatus,
    event::{DeferredLockoutEvent, EventKind, LockoutEventTemplate, OutboxEvent},
    find_and_reserve::{AccountReference, FindAndReserve, FoundAndReserved},
    hash::{
        Argon2Path, Argon2PathError, Argon2idHasher, HashCost, HashError, HashProfile,
        HashedPassword, Hasher, HasherOptions, HasherStatus, InvalidPepper, InvalidProfile,
        JobCounts, MissingPeppers, Normalization, Peppers, argon2_self_check,
    },
    identifiers::{AccountId, Email, InvalidEmail, InvalidRealm, InvalidUserId, Realm, UserId},
    installation_key::{InstallationKey, InstallationKeyError},
    key::{Key, KeyId, KeyKind, Scope, UnknownKeyKind, UnknownScope},
    key_checks::{
        KeyCheckError, accept_keys, check_keys, compare_keys, has_installation_key_check,
    },
    lockout_policy::{InvalidLockoutPolicy, LockoutPolicy},
    otp::{OtpEnrollment, OtpError, OtpSecret, OtpSpend},
    outbox::{
        Backlog, Claim, ClaimEvents, ClaimedEvent, Delivery, DeliveryOutcome, DeliveryState,
        OutboxEntry, OutboxFilter, OutboxStore,
    },
    ports::{KeyStore, ResetToken, StoreError, TokenStore},
    randomness::{Randomness, RandomnessError, SystemRandomness, random_uuid},
    sign_in::{NameKind, SignIn, SignInError, SignInName, SignedIn, fold_name},
    store_status::{OperationMeter, OperationStatus, StoreStatus},
    token::TokenDigest,
    token_times::TokenTimes,
};
#[cfg(feature = "engine")]
pub use repass_hash_families::{FormatError, InvalidProject, Projects};
#[cfg(feature = "engine")]
pub use {async_trait, jiff, serde_json, uuid};
