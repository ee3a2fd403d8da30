//! The engine on your own users table, here a JSON file.
//!
//! `cargo run -p example-custom-store`

mod json_store;

use std::error::Error;
use std::io::Write;
use std::sync::Arc;

use repass_core::{
    Account, AccountId, Argon2idHasher, Authorization, Change, ChangeError, Clock, Context, Engine,
    HashedPassword, Hasher, HasherOptions, InstallationKey, Plaintext, Policy, PolicyContext,
    Proof, Sessions, Subject, SystemClock, SystemRandomness, random_uuid,
};

use crate::json_store::JsonStore;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let hasher =
        Arc::new(Argon2idHasher::start(&HasherOptions::default(), Arc::new(SystemRandomness))?);
    let store = Arc::new(JsonStore::create(folder.path().join("users.json"))?);
    store.add(
        account("shop", "pat")?,
        Some(&hash(&*hasher, "the old one of this account").await?),
    )?;

    // A real service keeps its key; see `InstallationKey`.
    let key = InstallationKey::generate(&SystemRandomness)?;
    let engine = Engine::for_credentials(store, hasher, key).build();
    let out = &mut std::io::stdout();
    for (old, new) in [
        ("a wrong guess", "something entirely new"),
        ("the old one of this account", "password"),
        ("the old one of this account", "something entirely new"),
    ] {
        match engine.change(change(old, new)?).await {
            Ok(changed) => writeln!(out, "changed; version {}", changed.version)?,
            Err(ChangeError::Rejected(violations)) => {
                writeln!(out, "refused:")?;
                for violation in violations {
                    writeln!(out, "  {violation}")?;
                }
            }
            Err(error) => writeln!(out, "not changed: {error}")?,
        }
    }
    Ok(())
}

fn account(realm: &str, user_id: &str) -> Result<Account, Box<dyn Error>> {
    let id = AccountId(random_uuid(&SystemRandomness)?);
    Ok(Account::new(id, realm.parse()?, user_id.parse()?, SystemClock.now()))
}

fn change(old: &str, new: &str) -> Result<Change, Box<dyn Error>> {
    Ok(Change::new(
        Authorization::by_proof(Subject::new("shop".parse()?, "pat")),
        Proof::OldPassword(Plaintext::from(old)),
        Plaintext::from(new),
    )
    .with_sessions(Sessions::EndAll)
    .with_context(Context::new("example")))
}

/// A first password must be accepted by the policy before it is hashed, like any other.
async fn hash(hasher: &dyn Hasher, password: &str) -> Result<HashedPassword, Box<dyn Error>> {
    let candidate = Arc::new(Plaintext::from(password));
    let accepted = Policy::default()
        .accept(candidate, &PolicyContext::default())
        .map_err(|violations| format!("{} rules broken", violations.len()))?;
    Ok(hasher.hash(accepted).await?)
}
