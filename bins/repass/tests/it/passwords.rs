use serde_json::json;

use crate::test_context::{PASSWORD, TestContext, finish};

const OTHER: &str = "another entirely fine sentence";

#[test]
fn a_password_is_checked_without_a_database() {
    let test = TestContext::new();
    let check = |arguments: &[&str], stdin: &str| {
        let mut command = test.command();
        command.env_remove("REPASS_DATABASE").args(["password", "check"]).args(arguments);
        finish(command, stdin)
    };
    let good = check(&[], PASSWORD).succeeded();
    assert_eq!(good.stdout, "accepted by the policy nist-800-63b-4\n");
    assert_eq!(
        check(&["--json"], PASSWORD).succeeded().json(),
        json!({ "policy": "nist-800-63b-4", "acceptable": true, "violations": [] })
    );

    let bad = check(&[], "password");
    assert_eq!((bad.status, bad.stderr.as_str()), (1, ""));
    assert_eq!(
        bad.stdout,
        "refused by the policy nist-800-63b-4:\n  too-short: The new password must have at least \
         15 characters.\n  common: The new password is among those that many people use.\n"
    );
    let bad = check(&["--json"], "password");
    assert_eq!(bad.status, 1);
    assert_eq!(bad.json()["acceptable"], false);
    assert_eq!(bad.json()["violations"][1]["code"], "common");
    assert!(!test.database().exists());

    assert_eq!(check(&["--policy", "vendor-zap"], "n3wP@ssw0rd").status, 0);
    assert_eq!(check(&["--policy", "vendor-fabric"], "x").status, 0);
}

#[test]
fn context_specific_words_are_violations() {
    let test = TestContext::new();
    let codes = |arguments: &[&str], stdin: &str| {
        let arguments = [&["password", "check", "--json"], arguments].concat();
        let run = test.run_with(&arguments, stdin);
        let violations = run.json()["violations"].clone();
        violations
            .as_array()
            .unwrap()
            .iter()
            .map(|one| {
                format!("{}:{}", one["code"].as_str().unwrap(), one["word"].as_str().unwrap())
            })
            .collect::<Vec<_>>()
    };
    let found = |word: &str| [format!("contains-account-word:{word}")];
    assert_eq!(codes(&["--user-id", "smith77"], "my name is smith77"), found("user-id"));
    assert_eq!(codes(&["--username", "smithy"], "they call me smithy"), found("username"));
    assert_eq!(codes(&["--email", "a@pauls.org"], "it is all pauls fault"), found("email"));
    assert_eq!(
        codes(&["--name", "Ann", "--name", "Paulsen"], "mrs paulsen, smiling"),
        found("name")
    );
    assert_eq!(codes(&["--name", "Ann"], "annual general meeting"), [""; 0]);
}

#[test]
fn a_password_is_changed_through_the_engine() {
    let test = TestContext::with_pat();
    let change = ["password", "change", "--user-id", "pat"];
    let run = test.run_with(&change, format!("{PASSWORD}\r\n{OTHER}\r\n")).succeeded();
    assert_eq!(
        run.stdout,
        "account pat of realm default: password changed; its access tokens and reset tokens are \
         revoked\n"
    );
    // The old password is refused, and the new one accepted.
    test.run_with(&change, format!("{PASSWORD}\n{OTHER} again\n"))
        .failed(1, &["the account or its current password is wrong"]);
    let changed = test.json(&change, format!("{OTHER}\n{OTHER} again"));
    assert_eq!(changed["version"], 3);
    assert_eq!(changed["user_id"], "pat");
    let records = test.json(&["audit", "list", "--user-id", "pat", "--limit", "1"], "");
    assert_eq!(records[0]["action"], "password.change");
    assert_eq!(records[0]["context"]["source"], "cli");
}

#[test]
fn a_refused_change_changes_nothing() {
    let test = TestContext::with_pat();
    let change = ["password", "change", "--user-id", "pat"];
    let json = ["password", "change", "--user-id", "pat", "--json"];
    let same = test.run_with(&change, format!("{PASSWORD}\n{PASSWORD}\n"));
    assert_eq!(same.status, 1);
    assert!(same.stderr.ends_with(
        "repass: the new password breaks 1 of the policy's rules\n  same-as-current: The new \
         password must differ from the current one.\n"
    ));
    let error = test.run_with(&json, format!("{PASSWORD}\npat@example.org is me\n")).json_error(1);
    assert_eq!(error["code"], "rejected");
    assert_eq!(error["violations"][0]["code"], "contains-account-word");

    // An unknown account has the same error as a wrong password.
    let unknown = ["password", "change", "--user-id", "nobody", "--json"];
    let unknown = test.run_with(&unknown, format!("{PASSWORD}\n{OTHER}\n")).json_error(1);
    let wrong = test.run_with(&json, format!("{OTHER}\n{OTHER}\n")).json_error(1);
    assert_eq!(unknown, wrong);
    assert_eq!(wrong["code"], "wrong-password");

    for _ in 0..2 {
        test.run_with(&json, format!("{OTHER}\n{OTHER}\n")).json_error(1);
    }
    let locked_out = test.run_with(&json, format!("{PASSWORD}\n{OTHER}\n")).json_error(1);
    assert_eq!(locked_out["code"], "too-many-attempts");
    test.run(&["account", "unlock", "--user-id", "pat"]).succeeded();
    assert_eq!(test.json(&change, format!("{PASSWORD}\n{OTHER}\n"))["version"], 2);
}

#[test]
fn stdin_must_have_exactly_the_expected_lines() {
    let test = TestContext::with_pat();
    let long = "x".repeat(4097);
    let add = ["account", "add", "--user-id", "kim"].as_slice();
    let check = ["password", "check"].as_slice();
    let change = ["password", "change", "--user-id", "pat"].as_slice();
    for (arguments, stdin, reason) in [
        (add, "", "the password is empty"),
        (add, "\n", "the password is empty"),
        (add, "one\ntwo\n", "stdin has more than one line"),
        (add, &long, "the password is longer than 4096 bytes"),
        (check, "\r\n", "the password is empty"),
        (check, &long, "the password is longer than 4096 bytes"),
        (change, "", "the current password is empty"),
        (change, PASSWORD, "the new password is missing"),
        (change, "a\nb\nc", "stdin has more than two lines"),
    ] {
        test.run_with(arguments, stdin).failed(2, &[reason]);
        let error = test.run_with(&[arguments, &["--json"]].concat(), stdin).json_error(2);
        assert_eq!(error["code"], "invalid-secret-input");
    }
    let bytes = test.run_with(add, b"\xff\xfe").failed(2, &["the password is not UTF-8 text"]);
    assert!(!bytes.stderr.contains('\u{fffd}'));
    // Spaces are part of a password (NIST SP 800-63B-4, 3.1.1.2).
    let spaced = format!("  {PASSWORD}  ");
    test.run_with(add, format!("{spaced}\n")).succeeded();
    let change = ["password", "change", "--user-id", "kim"];
    test.run_with(&change, format!("{PASSWORD}\n{OTHER}\n")).failed(1, &["is wrong"]);
    test.run_with(&change, format!("{spaced}\n{OTHER}\n")).succeeded();
}
