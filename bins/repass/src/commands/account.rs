//! `repass account`

mod add;
mod delete;
mod edit;
mod export;
mod import;
mod list;
mod show;

use repass_core::{Account, Administration, AdministrationError};

use crate::cli::{AccountCommand, AccountName};
use crate::database::{Migration, with_database};
use crate::failure::Failure;
use crate::output::{Output, printable};
use crate::settings::Settings;

pub(super) async fn run(
    command: AccountCommand,
    settings: &Settings,
    output: &Output,
) -> Result<(), Failure> {
    match command {
        AccountCommand::Add(new) => add::run(*new, settings, output).await,
        AccountCommand::Edit(edit) => edit::run(*edit, settings, output).await,
        AccountCommand::Delete(delete) => delete::run(delete, settings, output).await,
        AccountCommand::Show(name) => show::run(name, settings, output).await,
        AccountCommand::List(list) => list::run(list, settings, output).await,
        AccountCommand::Deactivate(name) => {
            let done = "deactivated; its access tokens and reset tokens are revoked";
            let action = async |admin: &Administration| set_active(admin, &name, false).await;
            update(done, settings, output, action).await
        }
        AccountCommand::Activate(name) => {
            let action = async |admin: &Administration| set_active(admin, &name, true).await;
            update("activated", settings, output, action).await
        }
        AccountCommand::Unlock(name) => {
            let action = async |admin: &Administration| {
                admin.unlock(&name.realm, name.user_id.as_str()).await
            };
            update("unlocked; its failed attempts are cleared", settings, output, action).await
        }
        AccountCommand::Import(import) => import::run(*import, settings, output).await,
        AccountCommand::Export(export) => export::run(*export, settings, output).await,
    }
}

async fn set_active(
    admin: &Administration,
    name: &AccountName,
    active: bool,
) -> Result<Account, AdministrationError> {
    admin.set_active(&name.realm, name.user_id.as_str(), active).await
}

/// Updates one account and prints `done`.
async fn update(
    done: &str,
    settings: &Settings,
    output: &Output,
    action: impl AsyncFnOnce(&Administration) -> Result<Account, AdministrationError>,
) -> Result<(), Failure> {
    with_database(settings, Migration::Refuse, output, async |admin| {
        let account = action(&admin.administration()).await?;
        output.result(&account, &format!("{}: {done}\n", label(&account)))
    })
    .await
}

/// Returns the account's user id and realm for a message.
pub(super) fn label(account: &Account) -> String {
    format!("account {} of realm {}", printable(account.user_id.as_str()), account.realm)
}
