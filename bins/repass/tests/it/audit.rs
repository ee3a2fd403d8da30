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
            ["user_id", "action", "outcome", "caller"].map(|name| record[name].as_str().unwrap())
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
