use std::sync::Arc;
use std::time::Duration;

use repass_core::{
    Argon2idHasher, Engine, HashProfile, HasherOptions, InstallationKey, OutboxFilter,
    SystemRandomness,
};
use repass_store::{Store, StoreOptions};
use serde_json::{Value, json};

use crate::test_context::TestContext;

fn seconds_between(issued: &Value, from: &str, until: &str) -> i64 {
    let at = |name: &str| issued[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    at(until).duration_since(at(from)).as_secs()
}

#[test]
fn an_access_token_has_roles_and_a_lifetime() {
    let test = TestContext::with_pat();
    let issued = test.json(
        &["token", "issue", "--user-id", "pat", "--role", "admin", "--lifetime", "1h 30m"],
        "",
    );
    assert_eq!(issued["roles"], json!(["admin"]));
    assert_eq!(issued["user_id"], "pat");
    assert_eq!(issued["token"].as_str().unwrap().len(), 43);
    assert_eq!(seconds_between(&issued, "issued_at", "expires_at"), 5400);

    let id = issued["id"].as_str().unwrap();
    let run = test.run(&["token", "revoke", id]).succeeded();
    assert_eq!(run.stdout, format!("token {id}: revoked\n"));
    test.run(&["token", "revoke", id]).failed(1, &["no active token has this id"]);
    let second = test.json(&["token", "issue", "--user-id", "pat", "--lifetime", "7d"], "");
    let second = second["id"].as_str().unwrap();
    assert_eq!(test.json(&["token", "revoke", second], "")["revoked"], true);
    test.run(&["token", "revoke", "x"]).failed(2, &["ID must be the UUID"]);
}

#[test]
fn only_the_token_is_written_to_stdout() {
    let test = TestContext::with_pat();
    let run = test.run(&["token", "issue", "--user-id", "pat", "--lifetime", "15m"]).succeeded();
    let token = run.stdout.strip_suffix('\n').unwrap();
    assert_eq!(token.len(), 43, "{token}");
    assert!(
        run.stderr.contains("no roles") && run.stderr.contains("shown only once"),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains(token));
}

/// Proves ASVS 6.4.6 reset, ASVS 6.5.5.
#[test]
fn a_reset_token_lives_ten_minutes_or_less() {
    let test = TestContext::with_pat();
    let issued = test.json(&["reset", "issue", "--user-id", "pat"], "");
    assert_eq!(seconds_between(&issued, "issued_at", "expires_at"), 600);
    let run = test.run(&["reset", "issue", "--user-id", "pat", "--lifetime", "90s"]).succeeded();
    assert_eq!(run.stdout.trim_end().len(), 43);
    assert!(run.stderr.contains("older ones are revoked"), "{}", run.stderr);
    let long = ["reset", "issue", "--user-id", "pat", "--lifetime", "11m"];
    test.run(&long).failed(2, &["--lifetime", "11m", "between 1s and 10m"]);
}

#[test]
fn tokens_for_unknown_accounts_are_refused() {
    let test = TestContext::with_pat();
    for arguments in [
        ["token", "issue", "--user-id", "kim", "--lifetime", "1h"].as_slice(),
        &["reset", "issue", "--user-id", "kim"],
        &["otp", "issue", "--user-id", "kim"],
        &["otp", "enroll", "--user-id", "kim"],
    ] {
        test.run(arguments).failed(1, &["realm default has no account kim"]);
        let error = test.run(&[arguments, &["--json"]].concat()).json_error(1);
        assert_eq!(error["code"], "no-such-account");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_secret_that_cannot_be_printed_is_reported_with_a_remedy() {
    let test = TestContext::with_pat();
    for (arguments, remedy) in [
        (
            ["token", "issue", "--user-id", "pat", "--lifetime", "1h"].as_slice(),
            "repass token revoke",
        ),
        (&["key", "issue", "--kind", "api", "--name", "x"], "repass key revoke"),
        (&["reset", "issue", "--user-id", "pat"], "issue another one"),
        (&["otp", "issue", "--user-id", "pat"], "issue another one"),
        (&["otp", "enroll", "--user-id", "pat"], "enroll the account again"),
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = test.command().args(arguments).stdout(full).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains("could not be printed") && stderr.contains(remedy), "{stderr}");
        assert!(stderr.contains("No space left"), "{stderr}");
    }
}

/// Proves A6 roles.
#[test]
fn a6_an_unknown_role_is_refused() {
    let test = TestContext::with_pat();
    let issue = ["token", "issue", "--user-id", "pat", "--role", "admins"];
    test.run(&issue).failed(2, &["'admins'", "--role", "'admin'"]);
}

/// Proves C3.
#[test]
fn c3_tokens_are_listed_without_secrets() {
    let test = TestContext::with_pat();
    let issued = test.json(&["token", "issue", "--user-id", "pat", "--role", "admin"], "");
    test.json(&["token", "issue", "--user-id", "pat"], "");
    test.run(&["token", "revoke", issued["id"].as_str().unwrap()]).succeeded();
    let listed = test.json(&["token", "list", "--user-id", "pat"], "");
    assert_eq!((&listed[0]["valid"], &listed[0]["revoked_at"]), (&json!(true), &Value::Null));
    assert_eq!((&listed[1]["id"], &listed[1]["roles"]), (&issued["id"], &json!(["admin"])));
    assert_eq!(listed[1]["valid"], false);
    assert_eq!(listed[0].get("digest"), None);
    let run = test.run(&["token", "list", "--user-id", "pat", "--limit", "1"]).succeeded();
    assert_eq!(run.stdout.lines().count(), 2, "{}", run.stdout);
}

/// Proves C3.
#[test]
fn c3_reset_tokens_are_listed_and_revoked() {
    let test = TestContext::with_pat();
    let user = ["--user-id", "pat"];
    let run = |words: [&str; 2]| test.json(&[words, user].concat(), "");
    run(["reset", "issue"]);
    run(["reset", "issue"]);
    let valid = |listed: Value| [0, 1].map(|at| listed[at]["valid"] == true);
    let listed = run(["reset", "list"]);
    assert_eq!(listed[0].get("digest"), None);
    assert_eq!(valid(listed), [true, false], "a newer token voids the older one");
    assert_eq!(run(["reset", "revoke"])["revoked"], 1);
    assert_eq!(valid(run(["reset", "list"])), [false, false]);
    assert_eq!(run(["reset", "revoke"])["revoked"], 0);
}

/// Proves A4 all.
#[test]
fn a4_all_events_of_a_state_are_retried_and_dropped() {
    let test = TestContext::with_pat();
    for _ in 0..3 {
        test.json(&["reset", "issue", "--user-id", "pat"], "");
    }
    let all = |verb: &str, state: &str| test.json(&["outbox", verb, "--all", "--state", state], "");
    assert_eq!(test.json(&["outbox", "retry", "--all"], "")["retried"], 0, "none is discarded");
    assert_eq!(all("retry", "pending")["retried"], 3);
    assert_eq!(all("drop", "pending")["dropped"], 3);
    assert_eq!(test.json(&["outbox", "list"], ""), json!([]));
    test.run(&["outbox", "retry"]).failed(2, &["<ID>"]);
}

/// Proves E4.
#[test]
fn e4_the_sealed_token_of_a_mailed_reset_is_stored_and_never_listed() {
    let test = TestContext::with_pat();
    let profile = HashProfile::INSECURE_FOR_TESTS;
    let options = HasherOptions { profile, ..HasherOptions::default() };
    let hasher = Arc::new(Argon2idHasher::start(&options, Arc::new(SystemRandomness)).unwrap());
    let key = Arc::new(InstallationKey::from_bytes([3; 32]));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let sealed = runtime.block_on(async {
        let store = Store::open(&test.url(), &StoreOptions::default()).await.unwrap();
        let engine = Engine::builder(store.ports(), hasher, key.clone()).build();
        let (realm, lifetime) = ("default".parse().unwrap(), Duration::from_secs(60));
        engine.administration().mail_reset(&realm, "pat", lifetime).await.unwrap();
        let filter = OutboxFilter { limit: 1, ..OutboxFilter::default() };
        let event = store.ports().entries(&filter).await.unwrap().remove(0).event;
        assert_eq!(event.open_token(&key).unwrap().byte_len(), 29, "a code in groups");
        store.close().await.unwrap();
        event.payload["sealed_token"].as_str().unwrap().to_owned()
    });

    let json = test.run(&["outbox", "list", "--json"]).succeeded();
    assert!(json.json()[0]["payload"]["expires_at"].is_string(), "{}", json.stdout);
    for shown in [json.stdout, test.run(&["outbox", "list"]).succeeded().stdout] {
        assert!(shown.contains("reset.requested"), "{shown}");
        assert!(!shown.contains("sealed_token") && !shown.contains(&sealed), "{shown}");
    }
}
