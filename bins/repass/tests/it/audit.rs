use jiff::Timestamp;
use repass_core::{AuditRecord, Context, FinishAttempt};
use repass_store::{Store, StoreOptions};
use uuid::Uuid;

use crate::test_context::{PASSWORD, TestContext};

#[test]
fn every_command_leaves_an_audit_record() {
    let test = TestContext::with_pat();
    test.add("kim", &["--realm", "shop", "--no-password"]);
    test.run(&["account", "deactivate", "--user-id", "pat"]).succeeded();
    let wrong = format!("{PASSWORD}\nanother entirely fine sentence\n");
    let refused = test.run_with(&["password", "change", "--user-id", "pat"], wrong);
    assert_eq!(refused.status, 1);

    let records = test.json(&["audit", "list", "--user-id", "pat"], "");
    let listed: Vec<[&str; 4]> = records
        .as_array()
        .unwrap()
        .iter()
        .map(|record| {
            let text = |name: &str| record[name].as_str().unwrap();
            // Another test checks the user and host of the operator.
            let caller = text("caller").split(':').next().unwrap();
            [text("user_id"), text("action"), text("outcome"), caller]
        })
        .collect();
    assert_eq!(
        listed,
        [
            ["pat", "password.change", "inactive", "anonymous"],
            ["pat", "account.deactivate", "ok", "operator"],
            ["pat", "account.add", "ok", "operator"],
        ]
    );
    assert_eq!(records[0]["context"]["source"], "cli");

    let all = test.run(&["audit", "list"]).succeeded().stdout;
    let lines: Vec<&str> = all.lines().collect();
    assert_eq!(lines.len(), 5, "{all}");
    assert!(lines[0].starts_with("AT ") && lines[0].ends_with("USER AGENT"), "{all}");
    assert!(lines[1].contains("inactive"), "{all}");
    let newest = test.json(&["audit", "list", "--limit", "1"], "");
    assert_eq!(newest.as_array().unwrap().len(), 1);
    let shop = test.json(&["audit", "list", "--realm", "shop"], "");
    assert_eq!(shop[0]["user_id"], "kim");
    assert_eq!(shop.as_array().unwrap().len(), 1);
    let none = test.run(&["audit", "list", "--realm", "empty"]).succeeded();
    assert_eq!((none.stdout.as_str(), none.stderr.as_str()), ("", "no audit records\n"));
    test.run(&["audit", "list", "--user-id", "kim"]).failed(1, &["no account kim"]);
}

#[test]
fn terminal_control_characters_in_records_are_escaped() {
    let test = TestContext::with_pat();
    let hostile = "\u{1b}]0;owned\u{7}\r\u{9b}2J\u{202e}tser";
    let record = AuditRecord {
        id: Uuid::nil(),
        at: Timestamp::from_second(4_000_000_000).unwrap(),
        realm: "default".parse().unwrap(),
        account: None,
        action: "password.change".to_owned(),
        outcome: "wrong-password".to_owned(),
        detail: None,
        caller: "anonymous".to_owned(),
        context: Context { user_agent: Some(hostile.to_owned()), ..Context::new("customer") },
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&test.url(), &StoreOptions::default()).await.unwrap();
        store.ports().finish_attempt(&FinishAttempt::unreserved(record)).await.unwrap();
        store.close().await.unwrap();
    });

    let text = test.run(&["audit", "list"]).succeeded().stdout;
    assert!(text.contains("\\u{1b}]0;owned\\u{7}\\r\\u{9b}2J\\u{202e}tser"), "{text}");
    let json = test.run(&["audit", "list", "--json"]).succeeded();
    for raw in ['\u{1b}', '\u{7}', '\r', '\u{9b}', '\u{202e}'] {
        assert!(!text.contains(raw) && !json.stdout.contains(raw), "{raw:?}");
    }
    assert_eq!(json.json()[0]["context"]["user_agent"], hostile);
}

/// Proves A3.
#[test]
fn a3_records_are_found_by_action_outcome_and_time() {
    let test = TestContext::with_pat();
    test.run(&["account", "deactivate", "--user-id", "pat"]).succeeded();
    let count = |arguments: &[&str]| -> usize {
        test.json(&[&["audit", "list"], arguments].concat(), "").as_array().unwrap().len()
    };
    assert_eq!(count(&["--action", "account.add"]), 1);
    assert_eq!(count(&["--outcome", "ok"]), 2);
    assert_eq!(count(&["--outcome", "wrong-password"]), 0);
    assert_eq!(count(&["--since", "2000-01-01"]), 2);
    assert_eq!(count(&["--until", "2000-01-01T00:00:00+02:00"]), 0);
    let refused = test.run(&["audit", "list", "--since", "yesterday"]);
    refused.failed(2, &["--since", "2026-11-27T12:30:00Z"]);
}

/// Proves A3 operators.
#[cfg(unix)]
#[test]
fn a3_acts_of_operators_have_their_user_and_host() {
    let test = TestContext::with_pat();
    test.run(&["account", "unlock", "--user-id", "pat"]).succeeded();
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).unwrap().unwrap().name;
    let host = nix::unistd::gethostname().unwrap();
    for record in test.json(&["audit", "list"], "").as_array().unwrap() {
        let operator = format!("operator:{user}@{}", host.to_str().unwrap());
        assert_eq!(record["caller"], operator, "{record}");
    }
}

/// Proves A3 operators.
#[test]
fn a3_all_records_are_exported_one_in_each_line() {
    let test = TestContext::with_pat();
    for _ in 0..3 {
        test.run(&["account", "unlock", "--user-id", "pat"]).succeeded();
    }
    let all =
        |more: &[&str]| test.run(&[&["audit", "list", "--all"], more].concat()).succeeded().stdout;
    assert_eq!(all(&[]).lines().filter(|line| line.contains("\taccount.unlock\t")).count(), 3);
    let lines = all(&["--json", "--action", "account.unlock"]);
    assert_eq!(lines.lines().count(), 3);
    for line in lines.lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(record["action"], "account.unlock");
    }
}

/// Proves A3 operators.
#[test]
fn a3_new_records_are_followed() {
    use std::io::{BufRead, BufReader};

    let test = TestContext::with_pat();
    let mut command = test.command();
    command.args(["audit", "list", "--follow"]).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let (sender, printed) = std::sync::mpsc::channel();
    std::thread::spawn(move || lines.try_for_each(|line| sender.send(line)));
    let next = || printed.recv_timeout(std::time::Duration::from_secs(60)).unwrap_or_default();
    let added = next();
    test.run(&["account", "unlock", "--user-id", "pat"]).succeeded();
    let unlocked = next();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(added.contains("\taccount.add\t"), "{added}");
    assert!(unlocked.contains("\taccount.unlock\t"), "{unlocked}");
}
