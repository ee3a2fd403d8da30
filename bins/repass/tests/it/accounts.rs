use serde_json::json;

use crate::test_context::{PASSWORD, TestContext};

const RECORD: &str =
    r#"{"name":{"first":"Patricia","last":"Kake"},"roles":["customer"],"salt":"hunter2"}"#;

#[test]
fn an_account_is_added_and_shown() {
    let test = TestContext::new();
    std::fs::write(test.folder.path().join("pat.json"), RECORD).unwrap();
    let run = test.run_with(
        &[
            "account",
            "add",
            "--realm",
            "shop",
            "--user-id",
            "pat",
            "--email",
            "pat@example.org",
            "--username",
            "patty",
            "--given-name",
            "Pat",
            "--profile",
            "pat.json",
        ],
        PASSWORD,
    );
    let run = run.succeeded();
    assert_eq!(run.stdout, "account pat of realm shop: added\n");
    assert!(run.stderr.contains("created the installation key"), "{}", run.stderr);
    assert!(run.stderr.contains("insecure-for-tests protects no password"), "{}", run.stderr);

    let shown = test.json(&["account", "show", "--realm", "shop", "--user-id", "pat"], "");
    assert_eq!(shown["email"], "pat@example.org");
    assert_eq!(shown["username"], "patty");
    assert_eq!(shown["active"], true);
    assert_eq!(shown["profile"]["given_name"], "Pat");
    assert_eq!(shown["profile"]["family_name"], "Kake");
    assert_eq!(shown["profile"]["attributes"]["roles"], json!(["customer"]));
    assert!(shown["profile"]["attributes"].get("salt").is_none());
    assert_eq!(shown["password"]["version"], 1);
    assert_eq!(shown["failures"], 0);
    assert_eq!(shown["otp_enrolled"], false);

    let text = test.run(&["account", "show", "--realm", "shop", "--user-id", "pat"]);
    let text = text.succeeded().stdout;
    for part in
        ["user id:                pat\n", "Pat Kake", r#""roles":["customer"]"#, "version 1"]
    {
        assert!(text.contains(part), "{part:?} is missing:\n{text}");
    }
}

#[test]
fn an_account_can_be_added_as_json() {
    let test = TestContext::new();
    let added = test.json(&["account", "add", "--user-id", "pat"], PASSWORD);
    assert_eq!(added["user_id"], "pat");
    assert_eq!(added["realm"], "default");
    assert!(added["created_at"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn an_account_can_be_added_without_a_password() {
    let test = TestContext::new();
    let run = test.run(&["account", "add", "--user-id", "kim", "--no-password"]).succeeded();
    assert!(run.stdout.contains("without a password"), "{}", run.stdout);
    let shown = test.json(&["account", "show", "--user-id", "kim"], "");
    assert_eq!(shown["password"], json!(null));
    let text = test.run(&["account", "show", "--user-id", "kim"]).succeeded().stdout;
    assert!(text.contains("none; set one with a reset token"), "{text}");
}

#[test]
fn an_existing_account_and_a_weak_password_are_refused() {
    let test = TestContext::with_pat();
    let again = ["account", "add", "--user-id", "pat"];
    test.run_with(&again, PASSWORD).failed(1, &["realm default has an account pat already"]);
    let error = test.run_with(&[&again[..], &["--json"]].concat(), PASSWORD).json_error(1);
    assert_eq!(error["code"], "account-exists");

    let weak = test.run_with(&["account", "add", "--user-id", "kim"], "password");
    assert_eq!(weak.status, 1);
    let expected = "repass: the policy refuses the password\n  too-short: The new password must \
                    have at least 15 characters.\n  common: The new password is among those that \
                    many people use.\n";
    assert!(weak.stderr.ends_with(expected), "{}", weak.stderr);
    let error = test.run_with(&["account", "add", "--user-id", "kim", "--json"], "password");
    let error = error.json_error(1);
    assert_eq!(error["code"], "rejected");
    assert_eq!(error["violations"][0]["code"], "too-short");
    assert_eq!(error["violations"][0]["min"], 15);
    test.run(&["account", "show", "--user-id", "kim"]).failed(1, &["no account kim"]);

    let vendors = ["account", "add", "--user-id", "kim", "--policy", "vendor-fabric"];
    test.run_with(&vendors, "ABC123").succeeded();
}

#[test]
fn an_invalid_profile_is_refused_before_a_database_is_created() {
    let test = TestContext::new();
    std::fs::write(test.folder.path().join("list.json"), "[1]").unwrap();
    for (file, reason) in
        [("list.json", "a user's record must be a JSON object"), ("none.json", "No such file")]
    {
        let arguments = ["account", "add", "--user-id", "pat", "--profile", file];
        test.run_with(&arguments, PASSWORD).failed(2, &["--profile", file, reason]);
    }
    assert!(!test.database().exists());
}

#[test]
fn accounts_are_listed_page_by_page() {
    let test = TestContext::new();
    for (realm, user_id) in [("a", "kim"), ("a", "pat"), ("b", "lou")] {
        test.add(user_id, &["--realm", realm, "--no-password"]);
    }
    let user_ids = |arguments: &[&str]| {
        let listed = test.json(&[&["account", "list"], arguments].concat(), "");
        let accounts = listed.as_array().unwrap().clone();
        accounts.iter().map(|one| one["user_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(user_ids(&[]), ["kim", "pat", "lou"]);
    assert_eq!(user_ids(&["--realm", "a"]), ["kim", "pat"]);
    assert_eq!(user_ids(&["--realm", "a", "--after", "kim"]), ["pat"]);
    assert_eq!(user_ids(&["--after", "a/pat"]), ["lou"]);
    assert_eq!(user_ids(&["--after", "b/lou"]), [""; 0]);

    let first = test.run(&["account", "list", "--limit", "2"]).succeeded();
    let lines: Vec<&str> = first.stdout.lines().collect();
    assert!(lines[0].starts_with("REALM  USER ID  ACTIVE"), "{}", lines[0]);
    assert!(lines[1].starts_with("a      kim      yes"), "{}", lines[1]);
    assert_eq!(lines.len(), 3);
    assert_eq!(first.stderr, "continue with --after a/pat\n");
    let none = test.run(&["account", "list", "--realm", "c"]).succeeded();
    assert_eq!((none.stdout.as_str(), none.stderr.as_str()), ("", "no accounts\n"));
    test.run(&["account", "list", "--after", "pat"]).failed(2, &["--after", "REALM/ID"]);
}

#[test]
fn accounts_are_deactivated_activated_and_unlocked() {
    let test = TestContext::with_pat();
    let pat = |act| ["account", act, "--user-id", "pat"];
    let run = test.run(&pat("deactivate")).succeeded();
    assert!(run.stdout.starts_with("account pat of realm default: deactivated"), "{}", run.stdout);
    assert_eq!(test.json(&pat("show"), "")["active"], false);
    assert_eq!(test.json(&pat("activate"), "")["active"], true);
    assert_eq!(test.json(&pat("deactivate"), "")["active"], false);
    let run = test.run(&pat("activate")).succeeded();
    assert_eq!(run.stdout, "account pat of realm default: activated\n");

    for _ in 0..3 {
        let wrong = "not the password\nanother entirely fine sentence\n";
        assert_eq!(test.run_with(&["password", "change", "--user-id", "pat"], wrong).status, 1);
    }
    let shown = test.json(&pat("show"), "");
    assert_eq!(shown["failures"], 3);
    assert!(shown["password_locked_until"].is_string());
    let run = test.run(&pat("unlock")).succeeded();
    assert_eq!(
        run.stdout,
        "account pat of realm default: unlocked; its failed attempts are cleared\n"
    );
    assert_eq!(test.json(&pat("show"), "")["failures"], 0);
    assert_eq!(test.json(&pat("unlock"), "")["user_id"], "pat");

    for act in ["show", "deactivate", "activate", "unlock"] {
        let nobody = ["account", act, "--user-id", "nobody"];
        test.run(&nobody).failed(1, &["realm default has no account nobody"]);
        let error = test.run(&[&nobody[..], &["--json"]].concat()).json_error(1);
        assert_eq!(error["code"], "no-such-account");
    }
}

/// Proves C3.
#[test]
fn c3_an_account_is_edited() {
    let test = TestContext::with_pat();
    let edit = |more: &[&str]| test.run(&[&["account", "edit", "--user-id", "pat"], more].concat());
    edit(&["--email", "new@example.org", "--given-name", "Pat", "--username", "p"]).succeeded();
    let run = edit(&["--clear", "username", "--family-name", "Smith"]).succeeded();
    assert_eq!(run.stdout, "account pat of realm default: changed\n");
    let shown = test.json(&["account", "show", "--user-id", "pat"], "");
    assert_eq!(shown["email"], "new@example.org");
    assert_eq!(shown["username"], serde_json::Value::Null);
    assert_eq!(
        (&shown["profile"]["given_name"], &shown["profile"]["family_name"]),
        (&"Pat".into(), &"Smith".into())
    );
    edit(&[]).failed(2, &["nothing to change"]);
    test.run(&["account", "edit", "--user-id", "kim", "--clear", "email"])
        .failed(1, &["realm default has no account kim"]);
}

/// Proves C3.
#[test]
fn c3_an_account_is_deleted_with_its_tokens() {
    let test = TestContext::with_pat();
    test.run(&["token", "issue", "--user-id", "pat"]).succeeded();
    let delete = ["account", "delete", "--user-id", "pat"];
    test.run(&delete).failed(2, &["give --yes"]);
    test.run(&["account", "delete", "--user-id", "pat", "--yes"]).succeeded();
    test.run(&["account", "show", "--user-id", "pat"]).failed(1, &["has no account pat"]);
    let audit = test.json(&["audit", "list"], "");
    assert_eq!(
        (&audit[0]["action"], &audit[0]["detail"]),
        (&"account.delete".into(), &"pat".into())
    );
    test.add("pat", &[]);
}
