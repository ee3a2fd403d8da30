//! `repass token`

use jiff::Timestamp;
use repass_core::{Clock, Realm, SystemClock, TokenId, UserId};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::parse_id;
use crate::cli::{IssueToken, ListTokens, Revoke, TokenCommand};
use crate::database::{Migration, with_database};
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::Settings;
use crate::table::{Table, or_dash, time};

pub(super) async fn run(
    command: TokenCommand,
    settings: &Settings,
    output: &Output,
) -> Result<(), Failure> {
    match command {
        TokenCommand::Issue(token) => issue(token, settings, output).await,
        TokenCommand::List(tokens) => list(tokens, settings, output).await,
        TokenCommand::Revoke(revoked) => revoke(&revoked, settings, output).await,
    }
}

#[derive(Serialize)]
struct Issued<'a> {
    id: Uuid,
    realm: &'a Realm,
    user_id: &'a UserId,
    roles: &'a [String],
    issued_at: Timestamp,
    expires_at: Timestamp,
    /// The secret.
    token: &'a str,
}

async fn issue(args: IssueToken, settings: &Settings, output: &Output) -> Result<(), Failure> {
    let IssueToken { account, roles, lifetime } = args;
    let (realm, user_id) = (&account.realm, &account.user_id);
    with_database(settings, Migration::Refuse, output, async |admin| {
        let administration = admin.administration();
        let (token, secret) =
            administration.issue_token(realm, user_id.as_str(), roles, lifetime).await?;
        let id = token.id.0;
        let issued = Issued {
            id,
            realm,
            user_id,
            roles: &token.roles,
            issued_at: token.issued_at,
            expires_at: token.expires_at,
            token: secret.expose(),
        };
        output.secret(&issued, &secret).map_err(|source| Failure::SecretNotPrinted {
            issued: format!("token {id} was issued"),
            remedy: format!("revoke it with `repass token revoke {id}`"),
            source,
        })?;
        let roles = match token.roles.as_slice() {
            [] => "no roles".to_owned(),
            roles => format!("roles {}", roles.join(", ")),
        };
        output.note(&format!(
            "token {id} for account {user_id} of realm {realm}, {roles}, valid until {}; it is \
             shown only once",
            time(token.expires_at)
        ));
        Ok(())
    })
    .await
}

/// A token without its digest.
#[derive(Serialize)]
struct Listed {
    id: Uuid,
    roles: Vec<String>,
    issued_at: Timestamp,
    expires_at: Timestamp,
    revoked_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
    ip_address: Option<String>,
    user_agent: Option<String>,
    valid: bool,
}

async fn list(args: ListTokens, settings: &Settings, output: &Output) -> Result<(), Failure> {
    let ListTokens { account: name, limit } = args;
    with_database(settings, Migration::Refuse, output, async |admin| {
        let administration = admin.administration();
        let (account, _) = administration.show_account(&name.realm, name.user_id.as_str()).await?;
        let tokens = admin.store.access_tokens(account.id, None, limit).await?;
        let now = SystemClock.now();
        let listed = tokens.into_iter().map(|held| Listed {
            valid: held.is_valid_at(now),
            id: held.token.id.0,
            roles: held.token.roles,
            issued_at: held.token.issued_at,
            expires_at: held.token.expires_at,
            revoked_at: held.token.revoked_at,
            last_used_at: held.token.last_used_at,
            ip_address: held.token.ip_address,
            user_agent: held.token.user_agent,
        });
        let listed: Vec<Listed> = listed.collect();
        let header = ["ID", "ROLES", "ISSUED", "LAST USED", "EXPIRES", "REVOKED", "VALID"];
        let mut table = Table::new(&header);
        for token in &listed {
            table.row([
                &token.id.to_string(),
                or_dash(Some(token.roles.join(", ").as_str()).filter(|roles| !roles.is_empty())),
                &time(token.issued_at),
                &token.last_used_at.map_or("-".to_owned(), time),
                &time(token.expires_at),
                &token.revoked_at.map_or("-".to_owned(), time),
                if token.valid { "yes" } else { "no" },
            ]);
        }
        output.list(&listed, &table.render(), "tokens")
    })
    .await
}

async fn revoke(revoked: &Revoke, settings: &Settings, output: &Output) -> Result<(), Failure> {
    let id = parse_id(&revoked.id, "token")?;
    with_database(settings, Migration::Refuse, output, async |admin| {
        admin.administration().revoke_token(TokenId(id)).await?;
        output.result(&json!({ "id": id, "revoked": true }), &format!("token {id}: revoked\n"))
    })
    .await
}
