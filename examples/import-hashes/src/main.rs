//! Imports accounts of another system with their password hashes, so that users keep their
//! passwords.
//!
//! `cargo run -p example-import-hashes`
//!
//! To import a file, use `repass account import`. This example is for other sources, such as the
//! database of the old system.

use std::error::Error;
use std::io::{self, Write};
use std::sync::Arc;

use repass_core::{
    Argon2idHasher, Engine, HashedPassword, HasherOptions, ImportOutcome, ImportedPassword,
    InstallationKey, NewAccount, NewImport, Profile, SystemRandomness,
};
use repass_hash_families::{ExportedHash, ImportFormat, stored_text};
use repass_testkit::MemoryStore;

/// The table `auth_user` of Django: user name, e-mail address, password hash. The hashes are of
/// "password". The second is a digest of Django before 1.4; the third is truncated.
const USERS: [(&str, &str, &str); 3] = [
    (
        "pat",
        "pat@example.org",
        "argon2$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    ),
    ("kim", "kim@example.org", "sha1$salt$59b3e8d637cf97edbe2384cf59cb7453dfe30789"),
    ("lou", "lou@example.org", "pbkdf2_sha256$260000$salt"),
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let hasher = Argon2idHasher::start(&HasherOptions::default(), Arc::new(SystemRandomness))?;
    let key = InstallationKey::generate(&SystemRandomness)?;
    let store = Arc::new(MemoryStore::new());
    let engine = Engine::builder(store, Arc::new(hasher), key).build();
    let administration = engine.administration();

    let mut out = io::stdout().lock();
    // The second run finds existing accounts and changes nothing.
    for _ in 0..2 {
        let mut names = Vec::new();
        let mut accounts = Vec::new();
        for (name, email, password) in USERS {
            match account(name, email, password) {
                Ok(account) => {
                    names.push(name);
                    accounts.push(account);
                }
                Err(reason) => writeln!(out, "{name}: refused: {reason}")?,
            }
        }
        // Import many accounts in batches of `Administration::IMPORT_BATCH`.
        let outcomes = administration.import_accounts(accounts, false).await?;
        for (name, outcome) in names.into_iter().zip(outcomes) {
            match outcome {
                ImportOutcome::Added => writeln!(out, "{name}: added")?,
                ImportOutcome::Present { .. } => writeln!(out, "{name}: present")?,
                ImportOutcome::Refused(reason) => writeln!(out, "{name}: refused: {reason}")?,
            }
        }
    }
    Ok(())
}

fn account(name: &str, email: &str, password: &str) -> Result<NewImport, Box<dyn Error>> {
    let exported = ExportedHash { hash: password, salt: None };
    let hash = HashedPassword::from_stored(stored_text(&ImportFormat::Django, exported)?);
    let account = NewAccount {
        realm: "shop".parse()?,
        user_id: name.parse()?,
        email: Some(email.parse()?),
        username: None,
        profile: Profile::default(),
    };
    let password = Some(ImportedPassword { hash, changed_at: None });
    Ok(NewImport { account, active: None, created_at: None, updated_at: None, password })
}
