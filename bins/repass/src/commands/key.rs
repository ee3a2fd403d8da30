//! `repass key`

use repass_core::{Key, KeyId, KeyKind};
use serde::Serialize;
use serde_json::json;

use super::parse_id;
use crate::cli::{IssueKey, KeyCommand, ListKeys, Revoke};
use crate::database::{Migration, with_database};
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::Settings;
use crate::table::{Table, time};

pub(super) async fn run(
    command: KeyCommand,
    settings: &Settings,
    output: &Output,
) -> Result<(), Failure> {
    match command {
        KeyCommand::Issue(key) => issue(key, settings, output).await,
        KeyCommand::List(list) => list_keys(list, settings, output).await,
        KeyCommand::Revoke(revoked) => revoke(&revoked, settings, output).await,
    }
}

#[derive(Serialize)]
struct Issued<'a> {
    #[serde(flatten)]
    description: &'a Key,
    /// The secret.
    key: &'a str,
}

async fn issue(args: IssueKey, settings: &Settings, output: &Output) -> Result<(), Failure> {
    let IssueKey { realm, kind, scopes, all_realms, name } = args;
    if kind != KeyKind::Admin && (all_realms || !scopes.is_empty()) {
        let reason = "--scope and --all-realms are for keys of kind admin";
        return Err(Failure::Usage(reason.to_owned()));
    }
    if kind == KeyKind::Admin && scopes.is_empty() {
        let reason =
            "a key of kind admin without --scope allows nothing; see --help for the scopes";
        return Err(Failure::Usage(reason.to_owned()));
    }
    with_database(settings, Migration::Create, output, async |admin| {
        let administration = admin.administration();
        let (key, secret) = if kind == KeyKind::Admin {
            let scopes = scopes.into_iter().collect();
            administration.issue_admin_key(&realm, &name, scopes, all_realms).await?
        } else {
            administration.issue_key(&realm, kind, &name).await?
        };
        let id = key.id.0;
        let issued = Issued { description: &key, key: secret.expose() };
        output.secret(&issued, &secret).map_err(|source| Failure::SecretNotPrinted {
            issued: format!("key {id} was issued"),
            remedy: format!("revoke it with `repass key revoke {id}`"),
            source,
        })?;
        output.note(&format!(
            "{} key {id} \"{name}\" of {}; it is shown only once",
            kind.as_str(),
            realms(&key)
        ));
        Ok(())
    })
    .await
}

async fn list_keys(list: ListKeys, settings: &Settings, output: &Output) -> Result<(), Failure> {
    with_database(settings, Migration::Refuse, output, async |admin| {
        let keys = admin.store.keys(list.realm.as_ref()).await?;
        output.list(&keys, &table(&keys), "keys")
    })
    .await
}

fn realms(key: &Key) -> String {
    if key.all_realms { "all realms".to_owned() } else { format!("realm {}", key.realm) }
}

fn scopes(key: &Key) -> String {
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    if scopes.is_empty() { "-".to_owned() } else { scopes.join(",") }
}

fn table(keys: &[Key]) -> String {
    let mut table = Table::new(&["ID", "REALM", "KIND", "NAME", "SCOPES", "ISSUED", "REVOKED"]);
    for key in keys {
        table.row([
            &key.id.0.to_string(),
            if key.all_realms { "all" } else { key.realm.as_str() },
            key.kind.as_str(),
            &key.name,
            &scopes(key),
            &time(key.created_at),
            &key.revoked_at.map_or("-".to_owned(), time),
        ]);
    }
    table.render()
}

async fn revoke(revoked: &Revoke, settings: &Settings, output: &Output) -> Result<(), Failure> {
    let id = parse_id(&revoked.id, "key")?;
    with_database(settings, Migration::Refuse, output, async |admin| {
        admin.administration().revoke_key(KeyId(id)).await?;
        output.result(&json!({ "id": id, "revoked": true }), &format!("key {id}: revoked\n"))
    })
    .await
}
