//! `repass database`

use repass_core::{Peppers, SystemRandomness, accept_keys, check_keys, has_installation_key_check};
use repass_store::{KeyFileError, LoadedKey, Store};
use serde_json::json;

use crate::cli::{AcceptKeys, BackupDatabase, DatabaseCommand, DatabaseOptions};
use crate::database::{DatabaseError, Migration, open_store};
use crate::failure::Failure;
use crate::hashing::peppers;
use crate::output::Output;

pub(super) async fn run(
    command: DatabaseCommand,
    options: &DatabaseOptions,
    output: &Output,
) -> Result<(), Failure> {
    let migration = match command {
        DatabaseCommand::Init => Migration::Create,
        DatabaseCommand::Migrate => Migration::Upgrade,
        _ => Migration::Refuse,
    };
    let store = open_store(options, migration).await?;
    let done = match command {
        DatabaseCommand::Init => init(&store, options, output).await,
        DatabaseCommand::Migrate => {
            output.result(&json!({ "migrated": true }), "the schema is up to date\n")
        }
        DatabaseCommand::Check => check(&store, options, output).await,
        DatabaseCommand::Backup(backup) => back_up(&store, &backup, output).await,
        DatabaseCommand::AcceptKeys(keys) => accept(&store, &keys, options, output).await,
    };
    let _ = store.close().await;
    done
}

async fn init(store: &Store, options: &DatabaseOptions, output: &Output) -> Result<(), Failure> {
    let ports = store.ports();
    let key = match has_installation_key_check(&*ports).await? {
        // A key that was lost is not replaced in passing.
        true => existing_key(store, options).await?,
        false => key(store, options)?,
    };
    check_keys(&*ports, &key.key, &Peppers::none()).await.map_err(DatabaseError::from)?;
    let path = key.path.display().to_string();
    let text = match key.created {
        true => {
            format!("created the installation key {path}; back it up apart from the database\n")
        }
        false => format!("the database and its installation key {path} are ready\n"),
    };
    output.result(&json!({ "key_file": path, "key_created": key.created }), &text)
}

/// Checks the database, and that the installation key is the one that it was used with. A missing key is
/// no defect of the database, since a backup is kept apart from its key.
async fn check(store: &Store, options: &DatabaseOptions, output: &Output) -> Result<(), Failure> {
    match existing_key(store, options).await {
        Ok(key) => check_keys(&*store.ports(), &key.key, &Peppers::none())
            .await
            .map_err(DatabaseError::from)?,
        Err(DatabaseError::Key(KeyFileError::Missing(_) | KeyFileError::Required))
            if options.key_file.is_none() =>
        {
            output.warning("key-not-checked", "there is no key to check; give it with --key-file");
        }
        Err(error) => return Err(error.into()),
    }
    let findings: Vec<String> = store.check().await?.iter().map(ToString::to_string).collect();
    let text = match findings.is_empty() {
        true => "no problems found\n".to_owned(),
        false => findings.iter().map(|finding| format!("{finding}\n")).collect(),
    };
    output.result(&json!({ "findings": findings }), &text)?;
    if findings.is_empty() { Ok(()) } else { Err(Failure::DatabaseProblems(findings.len())) }
}

async fn back_up(store: &Store, backup: &BackupDatabase, output: &Output) -> Result<(), Failure> {
    store.backup(&backup.file).await?;
    let file = backup.file.display().to_string();
    output.result(&json!({ "file": file }), &format!("the database was copied to {file}\n"))
}

async fn accept(
    store: &Store,
    keys: &AcceptKeys,
    options: &DatabaseOptions,
    output: &Output,
) -> Result<(), Failure> {
    let peppers = peppers(&keys.pepper_keys, None)?;
    let key = key(store, options)?;
    accept_keys(&*store.ports(), &key.key, &peppers).await.map_err(DatabaseError::from)?;
    let path = key.path.display().to_string();
    let text = format!("the database now accepts the installation key {path}\n");
    output.result(&json!({ "key_file": path, "key_created": key.created }), &text)
}

async fn existing_key(
    store: &Store,
    options: &DatabaseOptions,
) -> Result<LoadedKey, DatabaseError> {
    let key = store.installation_key(options.key_file.as_deref(), &SystemRandomness).await;
    key.map_err(DatabaseError::Key)
}

fn key(store: &Store, options: &DatabaseOptions) -> Result<LoadedKey, DatabaseError> {
    let key = store.read_or_create_key(options.key_file.as_deref(), &SystemRandomness);
    key.map_err(DatabaseError::Key)
}
