//! Accounts of another system, brought in with the hashes that they have there, so that nobody has to
//! set a new password.
//!
//! `cargo run -p example-import-hashes`
//!
//! For files there is `repass account import`; this is for those who read their users from somewhere
//! else, such as the database of the old system.

use std::error::Error;
use std::io::{self, Write};
use std::sync::Arc;

use repass_core::{
    Argon2idHasher, Engine, HashedPassword, HasherOptions, ImportOutcome, ImportedPassword,
    InstallationKey, NewAccount, NewImport, Profile, SystemRandomness,
};
use repass_hash_families::{ExportedHash, ImportFormat, imported};
use repass_testkit::MemoryStore;

/// A table `auth_user` of Django: user name, e-mail address, password. The hashes are of
/// "password"; the second is a digest as Django wrote them before 1.4, the third was cut off.
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
    // The second run finds what the first has added, and changes nothing.
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
        // Of many accounts, give `Administration::IMPORT_BATCH` at once.
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
    let hash = HashedPassword::from_stored(imported(&ImportFormat::Django, exported)?);
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
