use std::io::{self, IsTerminal};

use super::label;
use crate::cli::{AccountName, DeleteAccount};
use crate::database::{Migration, with_database};
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::Settings;

pub(super) async fn run(
    delete: DeleteAccount,
    settings: &Settings,
    output: &Output,
) -> Result<(), Failure> {
    let DeleteAccount { account: name, yes } = delete;
    with_database(settings, Migration::Refuse, output, async |admin| {
        let administration = admin.administration();
        let (realm, user_id) = (&name.realm, name.user_id.as_str());
        administration.show_account(realm, user_id).await?;
        if !yes {
            confirm(&name, output).await?;
        }
        let account = administration.delete_account(realm, user_id, None).await?;
        output.result(&account, &format!("{}: deleted; its audit records stay\n", label(&account)))
    })
    .await
}

/// Asks at the terminal.
async fn confirm(name: &AccountName, output: &Output) -> Result<(), Failure> {
    if !io::stdin().is_terminal() || output.is_json() {
        let reason = "without a terminal, or with --json, nothing is asked; give --yes to delete";
        return Err(Failure::Usage(reason.to_owned()));
    }
    output.note(&format!(
        "This deletes account {} of realm {}: its attributes, password and earlier ones, tokens, \
         authenticator secret and events. Its audit records stay. Type the user id to delete it:",
        name.user_id, name.realm
    ));
    // A read from stdin may block forever.
    let line = tokio::task::spawn_blocking(|| io::stdin().lines().next().transpose());
    let line = line.await.map_err(io::Error::from).and_then(|line| line);
    match line.map_err(Failure::Runtime)? {
        Some(line) if line.trim() == name.user_id.as_str() => Ok(()),
        _ => Err(Failure::Usage("not the user id; nothing was deleted".to_owned())),
    }
}
