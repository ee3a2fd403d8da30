//! `repass database`

use repass_core::{Peppers, SystemRandomness, accept_keys, check_keys, has_installation_key_check};
use repass_store::{KeyFileError, LoadedKey, Store};
use serde_json::json;

use crate::cli::{AcceptKeys, BackupDatabase, DatabaseCommand};
use crate::database::{DatabaseError, Migration, open_store};
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::Settings;

pub(super) async fn run(
    command: DatabaseCommand,
    settings: &Settings,
    output: &Output,
) -> Result<(), Failure> {
    let migration = match command {
        DatabaseCommand::Init => Migration::Create,
        DatabaseCommand::Migrate => Migration::Upgrade,
        _ => Migration::Refuse,
    };
    let store = open_store(settings, migration).await?;
    let done = match command {
        DatabaseCommand::Init => init(&store, settings, output).await,
        DatabaseCommand::Migrate => {
            output.result(&json!({ "migrated": true }), "the schema is up to date\n")
        }
        DatabaseCommand::Check => check(&store, settings, output).await,
        DatabaseCommand::Backup(backup) => back_up(&store, &backup, output).await,
        DatabaseCommand::AcceptKeys(keys) => accept(&store, &keys, settings, output).await,
    };
    let _ = store.close().await;
    done
}

async fn init(store: &Store, settings: &Settings, output: &Output) -> Result<(), Failure> {
    let ports = store.ports();
    let key = match has_installation_key_check(&*ports).await? {
        // A key that was lost is not replaced in passing.
        true => existing_key(store, settings).await,
        false => key(store, settings),
    };
    let key = key.map_err(|error| settings.key_error(error))?;
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

/// Checks the database, and that the installation key is the one that it was used with. A missing
/// key is no defect of the database, since a backup is kept apart from its key.
async fn check(store: &Store, settings: &Settings, output: &Output) -> Result<(), Failure> {
    match existing_key(store, settings).await {
        Ok(key) => check_keys(&*store.ports(), &key.key, &Peppers::none())
            .await
            .map_err(DatabaseError::from)?,
        Err(KeyFileError::Missing(_) | KeyFileError::Required) if settings.key_file.is_none() => {
            output.warning("key-not-checked", "there is no key to check; give it with --key-file");
        }
        Err(error) => return Err(settings.key_error(error)),
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
    settings: &Settings,
    output: &Output,
) -> Result<(), Failure> {
    let peppers = settings.peppers(&keys.pepper_keys, None)?;
    let key = key(store, settings).map_err(|error| settings.key_error(error))?;
    accept_keys(&*store.ports(), &key.key, &peppers).await.map_err(DatabaseError::from)?;
    let path = key.path.display().to_string();
    let text = format!("the database now accepts the installation key {path}\n");
    output.result(&json!({ "key_file": path, "key_created": key.created }), &text)
}

async fn existing_key(store: &Store, settings: &Settings) -> Result<LoadedKey, KeyFileError> {
    store.installation_key(settings.key_file.as_deref(), &SystemRandomness).await
}

fn key(store: &Store, settings: &Settings) -> Result<LoadedKey, KeyFileError> {
    store.read_or_create_key(settings.key_file.as_deref(), &SystemRandomness)
}
