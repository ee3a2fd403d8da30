//! `repass reset`

use jiff::Timestamp;
use repass_core::{Realm, UserId};
use serde::Serialize;

use crate::cli::{IssueReset, ResetCommand};
use crate::database::{Migration, with_database};
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::Settings;
use crate::table::time;

pub(super) async fn run(
    command: ResetCommand,
    settings: &Settings,
    output: &Output,
) -> Result<(), Failure> {
    match command {
        ResetCommand::Issue(reset) => issue(reset, settings, output).await,
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
        let administration = admin.administration()?;
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
