//! `repass account`

mod add;
mod export;
mod import;
mod list;
mod show;

use repass_core::{Account, Administration, AdministrationError};

use crate::cli::{AccountCommand, AccountName, DatabaseOptions};
use crate::database::{Migration, with_database};
use crate::failure::Failure;
use crate::output::{Output, printable};

pub(super) async fn run(
    command: AccountCommand,
    database: &DatabaseOptions,
    output: &Output,
) -> Result<(), Failure> {
    match command {
        AccountCommand::Add(new) => add::run(*new, database, output).await,
        AccountCommand::Show(name) => show::run(name, database, output).await,
        AccountCommand::List(list) => list::run(list, database, output).await,
        AccountCommand::Deactivate(name) => {
            let told = "deactivated; its access tokens and reset tokens count no more";
            let act = async |admin: &Administration| set_active(admin, &name, false).await;
            alter(told, database, output, act).await
        }
        AccountCommand::Activate(name) => {
            let act = async |admin: &Administration| set_active(admin, &name, true).await;
            alter("activated", database, output, act).await
        }
        AccountCommand::Unlock(name) => {
            let act = async |admin: &Administration| {
                admin.unlock(&name.realm, name.user_id.as_str()).await
            };
            alter("unlocked; its failed attempts are forgotten", database, output, act).await
        }
        AccountCommand::Import(import) => import::run(*import, database, output).await,
        AccountCommand::Export(export) => export::run(*export, database, output).await,
    }
}

async fn set_active(
    admin: &Administration,
    name: &AccountName,
    active: bool,
) -> Result<Account, AdministrationError> {
    admin.set_active(&name.realm, name.user_id.as_str(), active).await
}

/// Does one thing to one account, and tells of it.
async fn alter(
    told: &str,
    database: &DatabaseOptions,
    output: &Output,
    act: impl AsyncFnOnce(&Administration) -> Result<Account, AdministrationError>,
) -> Result<(), Failure> {
    with_database(database, Migration::Refuse, output, async |admin| {
        let account = act(&admin.administration()?).await?;
        output.answer(&account, &format!("{}: {told}\n", titled(&account)))
    })
    .await
}

/// How an account is called in a sentence.
pub(super) fn titled(account: &Account) -> String {
    format!("account {} of realm {}", printable(account.user_id.as_str()), account.realm)
}
