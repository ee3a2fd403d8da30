//! `repass reset`

use jiff::Timestamp;
use repass_core::{Clock, Realm, SystemClock, UserId};
use serde::Serialize;
use serde_json::json;

use crate::cli::{AccountName, IssueReset, ListTokens, ResetCommand};
use crate::database::{Migration, with_database};
use crate::failure::Failure;
use crate::output::{Output, printable};
use crate::settings::Settings;
use crate::table::{Table, time};

pub(super) async fn run(
    command: ResetCommand,
    settings: &Settings,
    output: &Output,
) -> Result<(), Failure> {
    match command {
        ResetCommand::Issue(reset) => issue(reset, settings, output).await,
        ResetCommand::List(tokens) => list(tokens, settings, output).await,
        ResetCommand::Revoke(name) => revoke(name, settings, output).await,
    }
}

#[derive(Serialize)]
struct Issued<'a> {
    realm: &'a Realm,
    user_id: &'a UserId,
    issued_at: Timestamp,
    expires_at: Timestamp,
    /// The secret.
    token: &'a str,
}

async fn issue(args: IssueReset, settings: &Settings, output: &Output) -> Result<(), Failure> {
    let (realm, user_id) = (&args.account.realm, &args.account.user_id);
    with_database(settings, Migration::Refuse, output, async |admin| {
        let administration = admin.administration();
        let (token, secret) =
            administration.issue_reset(realm, user_id.as_str(), args.lifetime).await?;
        let issued = Issued {
            realm,
            user_id,
            issued_at: token.issued_at,
            expires_at: token.expires_at,
            token: secret.expose(),
        };
        output.secret(&issued, &secret).map_err(|source| Failure::SecretNotPrinted {
            issued: "a reset token was issued".to_owned(),
            remedy: "issue another one, which revokes it".to_owned(),
            source,
        })?;
        output.note(&format!(
            "reset token for account {user_id} of realm {realm}, valid until {}; older ones are \
             revoked; it is shown only once",
            time(token.expires_at)
        ));
        Ok(())
    })
    .await
}

/// A token without its digest.
#[derive(Serialize)]
struct Listed {
    issued_at: Timestamp,
    expires_at: Timestamp,
    /// When it was used, or revoked by a change or a newer token.
    spent_at: Option<Timestamp>,
    valid: bool,
}

async fn list(args: ListTokens, settings: &Settings, output: &Output) -> Result<(), Failure> {
    let ListTokens { account: name, limit } = args;
    with_database(settings, Migration::Refuse, output, async |admin| {
        let administration = admin.administration();
        let (account, _) = administration.show_account(&name.realm, name.user_id.as_str()).await?;
        let tokens = admin.store.reset_tokens(account.id, None, limit).await?;
        let now = SystemClock.now();
        let listed = tokens.iter().map(|token| Listed {
            issued_at: token.issued_at,
            expires_at: token.expires_at,
            spent_at: token.spent_at,
            valid: token.spent_at.is_none() && now < token.expires_at,
        });
        let listed: Vec<Listed> = listed.collect();
        let mut table = Table::new(&["ISSUED", "EXPIRES", "USED OR REVOKED", "VALID"]);
        for token in &listed {
            table.row([
                &time(token.issued_at),
                &time(token.expires_at),
                &token.spent_at.map_or("-".to_owned(), time),
                if token.valid { "yes" } else { "no" },
            ]);
        }
        output.list(&listed, &table.render(), "reset tokens")
    })
    .await
}

async fn revoke(name: AccountName, settings: &Settings, output: &Output) -> Result<(), Failure> {
    let AccountName { realm, user_id } = &name;
    with_database(settings, Migration::Refuse, output, async |admin| {
        let revoked = admin.administration().revoke_resets(realm, user_id.as_str()).await?;
        let text = format!(
            "account {} of realm {realm}: valid reset tokens revoked: {revoked}\n",
            printable(user_id.as_str())
        );
        output.result(&json!({ "realm": realm, "user_id": user_id, "revoked": revoked }), &text)
    })
    .await
}
