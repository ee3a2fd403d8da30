//! Pepper: keys outside the database, without which no password can be verified.

use std::process::{Command, Output, Stdio};

use repass_core::{Credential, Subject};
use repass_tests::{AdminContext, Database, FIRST_PASSWORD, Server, ServerBuilder, binary};

use crate::requests::{GUID, Outcome, change, outcome};

const SECOND: &str = "a second password it is";
const THIRD: &str = "a third password it is";
/// 32 bytes in Base64, each.
const K1: &str = "T25seSB0aGUgc2VydmVyIG1heSBrbm93IHRoaXMsIG9uZQ==";
const K2: &str = "T25seSB0aGUgc2VydmVyIG1heSBrbm93IHRoaXMsIHR3bw==";

/// The builder with these pepper keys, of which `current` is used for new hashes.
fn with_keys(builder: &ServerBuilder, current: &str, ids: &[&str]) -> ServerBuilder {
    let mut tables = format!("[hashing]\nprofile = 'insecure-for-tests'\npepper = '{current}'\n");
    for id in ids {
        tables.push_str(&format!("[hashing.peppers.{id}]\nkey_file = '{id}.key'\n"));
    }
    for (id, key) in [("k1", K1), ("k2", K2)] {
        std::fs::write(builder.folder().join(format!("{id}.key")), format!("{key}\n")).unwrap();
    }
    builder.clone().tables(&tables)
}

async fn credential(operator: &AdminContext) -> Credential {
    let subject = Subject::new(operator.realm("customer"), GUID);
    operator.store.find(&subject).await.unwrap().unwrap().credential.unwrap()
}

async fn changed(server: &Server, old: &str, new: &str) {
    let answer = change(&server.client(), GUID, old, new).await;
    assert_eq!(outcome(&answer), Outcome::Changed, "{}", answer.text());
}

/// Runs a server that must not start, and returns its output.
async fn refused(builder: &ServerBuilder) -> String {
    let mut command = Command::new(binary("repassd"));
    command.arg("serve").arg("--config").arg(builder.write_config()).stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

/// `repass password change` with these arguments and these two passwords.
async fn repass(database: &Database, arguments: &[&str], passwords: [&str; 2]) -> Output {
    let input = database.folder().join("passwords.txt");
    std::fs::write(&input, passwords.join("\n")).unwrap();
    let mut command = Command::new(binary("repass"));
    command
        .args(["password", "change", "--realm", "customer", "--user-id", GUID])
        .args(["--hash-profile", "insecure-for-tests"])
        .args(arguments)
        .env("REPASS_DATABASE", database.url())
        .current_dir(database.folder())
        .stdin(std::fs::File::open(&input).unwrap());
    if let Some(key_file) = database.key_file() {
        command.env("REPASS_KEY_FILE", key_file);
    }
    tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap()
}

fn contains(contents: &[u8], text: &str) -> bool {
    contents.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Proves OWASP storage rehash.
#[tokio::test(flavor = "multi_thread")]
async fn owasp_storage_keys_are_brought_in_replaced_and_retired() {
    let plain = Server::builder();
    let server = plain.start().await;
    let operator = server.operator().await;
    operator.add("customer", GUID).await;
    assert_eq!(credential(&operator).await.hash.pepper(), None);
    server.stop().await;

    let first = with_keys(&plain, "k1", &["k1"]);
    let server = first.start().await;
    let wrong = change(&server.client(), GUID, "a wrong guess", SECOND).await;
    assert_eq!(outcome(&wrong), Outcome::WrongPassword);
    changed(&server, FIRST_PASSWORD, SECOND).await;
    let hash = credential(&operator).await.hash;
    assert_eq!(hash.pepper().as_deref(), Some("k1"));
    assert!(hash.as_str().starts_with("$argon2id$v=19$m=8,t=1,p=1,keyid="), "{}", hash.as_str());
    let log = server.stop().await.log;
    assert!(!log.contains(K1) && !log.contains("Only the server"), "{log}");

    let both = with_keys(&plain, "k2", &["k1", "k2"]);
    let server = both.start().await;
    let refused_change = change(&server.client(), GUID, SECOND, "short").await;
    assert_eq!(outcome(&refused_change), Outcome::Refused);
    assert_eq!(
        credential(&operator).await.hash.pepper().as_deref(),
        Some("k2"),
        "rotated in place"
    );
    changed(&server, SECOND, THIRD).await;
    let reused = change(&server.client(), GUID, THIRD, SECOND).await;
    assert_eq!(outcome(&reused), Outcome::Refused, "the history is verified with its keys");
    server.stop().await;

    // No hash names the first key any more.
    with_keys(&plain, "k2", &["k2"]).start().await.stop().await;
    let contents = plain.database().contents().await;
    for secret in ["Only the server may know", K1, K2] {
        assert!(!contains(&contents, secret), "{secret}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_key_is_reported_at_the_start() {
    let plain = Server::builder();
    let server = with_keys(&plain, "k1", &["k1"]).start().await;
    let operator = server.operator().await;
    operator.add("customer", GUID).await;
    changed(&server, FIRST_PASSWORD, SECOND).await;
    server.stop().await;

    for without in [plain.clone(), with_keys(&plain, "k2", &["k2"])] {
        let said = refused(&without).await;
        assert!(said.contains("hashing.peppers: ") && said.contains("the pepper key k1"), "{said}");
        assert!(!said.contains(K2), "{said}");
    }
    with_keys(&plain, "k2", &["k1", "k2"]).start().await.stop().await;

    let from_the_environment = plain
        .variable("REPASS_HASHING__PEPPER", "k1")
        .variable("REPASS_HASHING__PEPPERS__K1__KEY", K1);
    let server = from_the_environment.start().await;
    changed(&server, SECOND, THIRD).await;
    let log = server.stop().await.log;
    assert!(!log.contains(K1), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_takes_the_same_keys() {
    let plain = Server::builder();
    let server = with_keys(&plain, "k1", &["k1"]).start().await;
    let operator = server.operator().await;
    operator.add("customer", GUID).await;
    changed(&server, FIRST_PASSWORD, SECOND).await;
    let database = plain.database();

    let output = repass(database, &[], [SECOND, THIRD]).await;
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("give its file with --pepper-key: ") && said.contains("the pepper key k1"),
        "{said}"
    );

    let k1 = ["--pepper-key", "k1=k1.key"];
    let output = repass(database, &k1, [SECOND, THIRD]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let hash = credential(&operator).await.hash;
    assert_eq!(hash.pepper().as_deref(), Some("k1"));
    changed(&server, THIRD, "a fourth password it is").await;

    for (arguments, part) in [
        (&["--pepper-key", "k1=none.key"][..], "--pepper-key: none.key does not exist"),
        (
            &["--pepper-key", "k1=passwords.txt"],
            "--pepper-key: passwords.txt: a pepper key is Base64",
        ),
        (
            &["--pepper-key", "k1=k1.key", "--pepper", "k2"],
            "--pepper k2: no pepper key has this id",
        ),
    ] {
        let output = repass(database, arguments, [SECOND, THIRD]).await;
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(part), "{said}");
        assert!(!said.contains(K1) && !said.contains(SECOND), "{said}");
    }
}
