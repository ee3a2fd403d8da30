//! A users table of another application: `[store.accounts]`.

use std::process::{Command, Output};
use std::sync::Arc;

use http::Method;
use repass_core::{HashedPassword, Hasher, Plaintext, Policy, PolicyContext};
use repass_testkit::fixtures;
use repass_tests::{Database, Server, ServerBuilder, binary};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::requests::{GUID, JSON, Outcome, change, outcome};

/// How long a program on a terminal may take before it counts as waiting for an answer.
const PROMPT_PATIENCE: Option<u64> = Some(60_000);

pub(crate) const FIRST: &str = "the password from before repass";
const NEW: &str = "a new one, and a good one";

const PEOPLE: &str = "CREATE TABLE people (
    no      INTEGER PRIMARY KEY,
    tenant  VARCHAR(64) NOT NULL,
    login   VARCHAR(100) NOT NULL,
    pw      VARCHAR(255),
    enabled INTEGER NOT NULL DEFAULT 1,
    note    TEXT NOT NULL DEFAULT 'theirs',
    UNIQUE (tenant, login))";

const MAPPING: &str = "[store.accounts]\ntable = 'people'\nid = 'no'\nuser_id = 'login'\n\
                       hash = 'pw'\nactive = 'enabled'\nrealm_column = 'tenant'\n";

pub(crate) async fn hash(password: &str) -> String {
    let password = Arc::new(Plaintext::from(password));
    let accepted = Policy::nist_800_63b_4().accept(password, &PolicyContext::default()).unwrap();
    fixtures::hasher().hash(accepted).await.unwrap().as_str().to_owned()
}

/// A server on the application's database, with a user of the customer API and one of the etna API.
pub(crate) async fn shop() -> ServerBuilder {
    let builder = Server::builder().tables(MAPPING);
    let database = builder.database();
    if let Some(file) = database.url().strip_prefix("sqlite://") {
        std::fs::File::create(file).unwrap();
    }
    database.execute(PEOPLE.to_owned()).await;
    let pw = hash(FIRST).await;
    database
        .execute(format!(
            "INSERT INTO people (no, tenant, login, pw) VALUES
             (1, 'customer', '{GUID}', '{pw}'), (2, 'etna', '1001', '{pw}'),
             (3, 'customer', 'bystander', '{pw}')"
        ))
        .await;
    builder
}

async fn texts(database: &Database, columns: &str, condition: &str) -> Vec<String> {
    let select = format!("SELECT {columns} FROM people WHERE {condition} ORDER BY no");
    let rows = database.sql().await.rows(&select).await;
    rows.into_iter().map(|mut row| row.remove(0).unwrap()).collect()
}

/// All columns except the hash and the active flag.
async fn untouched(database: &Database) -> Vec<String> {
    let columns = "CAST(no AS TEXT) || ' ' || tenant || ' ' || login || ' ' || note";
    texts(database, columns, "1 = 1").await
}

async fn is_password(database: &Database, no: i32, password: &str) -> bool {
    let stored = texts(database, "pw", &format!("no = {no}")).await.remove(0);
    let stored = HashedPassword::from_stored(stored);
    fixtures::hasher().verify(Arc::new(Plaintext::from(password)), &stored).await.unwrap()
}

/// The command line on the same database, without the mapping.
fn repass_command(database: &Database, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary("repass"));
    command.args(arguments).env("REPASS_DATABASE", database.url());
    if let Some(file) = database.key_file() {
        command.env("REPASS_KEY_FILE", file);
    }
    command
}

fn repass(database: &Database, arguments: &[&str]) -> Output {
    repass_command(database, arguments).output().unwrap()
}

fn json_of(database: &Database, arguments: &[&str]) -> Value {
    let output = repass(database, &[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_write_the_hash_and_nothing_else() {
    let server = shop().await.start().await;
    let (client, database) = (server.client(), server.database().clone());
    let before = untouched(&database).await;
    let others = texts(&database, "pw", "no = 3").await;

    let wrong = change(&client, GUID, "not the right password", NEW).await;
    assert_eq!(outcome(&wrong), Outcome::WrongPassword);
    assert_eq!(outcome(&change(&client, GUID, FIRST, NEW).await), Outcome::Changed);
    assert!(is_password(&database, 1, NEW).await);

    let key = json_of(
        &database,
        &["key", "issue", "--realm", "etna", "--kind", "app", "--name", "trading"],
    );
    let token = json_of(&database, &["token", "issue", "--realm", "etna", "--user-id", "1001"]);
    let bearer = format!("Bearer {}", token["token"].as_str().unwrap());
    let headers =
        [JSON, ("et-app-key", key["key"].as_str().unwrap()), ("authorization", bearer.as_str())];
    let body = json!({ "OldPassword": FIRST, "Password": NEW, "PasswordConfirm": NEW });
    let path = "/v1.0/users/1001/password/change";
    let answer = client.send(Method::PUT, path, &headers, body.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(is_password(&database, 2, NEW).await);

    assert_eq!(untouched(&database).await, before, "no other column");
    assert_eq!(texts(&database, "pw", "no = 3").await, others, "no other row");

    // The application changes its table itself.
    let theirs = hash("what the application has set").await;
    database.execute(format!("UPDATE people SET pw = '{theirs}' WHERE no = 1")).await;
    let gone_by = change(&client, GUID, NEW, "the next one of my own").await;
    assert_eq!(outcome(&gone_by), Outcome::WrongPassword);
    let next =
        change(&client, GUID, "what the application has set", "the next one of my own").await;
    assert_eq!(outcome(&next), Outcome::Changed);
    database.execute("UPDATE people SET enabled = 0 WHERE no = 1".to_owned()).await;
    let inactive = change(&client, GUID, "the next one of my own", FIRST).await;
    assert_eq!(outcome(&inactive), Outcome::WrongPassword);
    database.execute("DELETE FROM people WHERE no = 2".to_owned()).await;
    let answer = client.send(Method::PUT, path, &headers, body.to_string()).await;
    assert_eq!(answer.status, 401, "its token went with it: {}", answer.text());
    assert_eq!(server.stop().await.status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_changes_at_once_one_wins() {
    let server = shop().await.tables("[lockout]\nthreshold = 100\n").start().await;
    let mut tasks = JoinSet::new();
    for n in 0..20 {
        let client = server.client();
        tasks.spawn(async move {
            let new = format!("the wish of number {n} of twenty");
            (outcome(&change(&client, GUID, FIRST, &new).await), new)
        });
    }
    let outcomes = tasks.join_all().await;
    let winners: Vec<_> =
        outcomes.iter().filter(|(outcome, _)| *outcome == Outcome::Changed).collect();
    assert_eq!(winners.len(), 1, "{outcomes:?}");
    assert!(is_password(server.database(), 1, &winners[0].1).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_find_the_same_accounts_without_a_mapping() {
    let server = shop().await.start().await;
    let database = server.database().clone();
    let listed = json_of(&database, &["account", "list", "--realm", "customer"]);
    let listed: Vec<_> =
        listed.as_array().unwrap().iter().map(|account| account["user_id"].clone()).collect();
    assert_eq!(listed, [GUID, "bystander"]);
    let name = ["--realm", "customer", "--user-id", GUID];
    let shown = json_of(&database, &[&["account", "show"], &name[..]].concat());
    assert_eq!(shown["password"]["version"], 1);
    json_of(&database, &[&["account", "deactivate"], &name[..]].concat());
    assert_eq!(texts(&database, "CAST(enabled AS TEXT)", "no = 1").await, ["0"]);
    json_of(&database, &[&["account", "activate"], &name[..]].concat());
    json_of(&database, &[&["account", "unlock"], &name[..]].concat());

    let add = ["account", "add", "--realm", "customer", "--user-id", "kim", "--no-password"];
    let refused = repass(&database, &add);
    assert_eq!(refused.status.code(), Some(1));
    let message = String::from_utf8(refused.stderr).unwrap();
    assert!(message.contains("kept in a table of another application"), "{message}");
    assert_eq!(untouched(&database).await.len(), 3);

    let unmapped = server.stop().await;
    assert_eq!(unmapped.status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn adding_is_refused_before_a_password_is_asked_for() {
    let server = shop().await.start().await;
    let add = ["account", "add", "--realm", "customer", "--user-id", "kim"];
    let command = repass_command(server.database(), &add);
    let mut terminal = rexpect::session::spawn_command(command, PROMPT_PATIENCE).unwrap();
    let screen = terminal.exp_eof().expect("it does not wait for an answer");
    assert!(screen.contains("kept in a table of another application"), "{screen}");
}

fn repassd(builder: &ServerBuilder, command: &str) -> Output {
    let file = builder.write_config();
    Command::new(binary("repassd")).arg(command).arg("--config").arg(file).output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_does_not_fit_is_one_clear_line() {
    let builder = shop().await;
    let wrong = builder.clone().tables("email = 'mail'\nusername = 'nick'\n");
    // The mapping's table is the last one, so these lines belong to it.
    let output = repassd(&wrong, "serve");
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    let message = message.lines().last().unwrap();
    for part in [
        "the accounts table people does not match its mapping",
        "store.accounts.email = \"mail\": there is no such column",
        "store.accounts.username = \"nick\": there is no such column",
        "the columns are no, tenant, login, pw, enabled, note",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let output = repassd(&builder, "check-config");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("find accounts  in the table people: id = no, user_id = login"),
        "{text}"
    );
    if builder.database().url().starts_with("postgres") {
        assert!(text.contains(", schema repass"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_the_mapping_does_not_start() {
    let builder = shop().await;
    builder.start().await.stop().await;
    let file = builder.write_config();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace(MAPPING, "")).unwrap();
    let output =
        Command::new(binary("repassd")).arg("serve").arg("--config").arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("are in the table people"), "{message}");
}
