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
    assert_eq!(codes(&["--user-id", "smith77"], "my smith77 password"), found("user-id"));
    assert_eq!(codes(&["--username", "smithy"], "$mithy!yhtims-2026"), found("username"));
    assert_eq!(codes(&["--email", "a@pauls.org"], "a-pauls.org-welcome"), found("email"));
    assert_eq!(codes(&["--name", "Ann", "--name", "Paulsen"], "mrs paulsen 197777"), found("name"));
    assert_eq!(codes(&["--name", "Ann"], "ann likes green tea"), [""; 0]);
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
    let error = test.run_with(&json, format!("{PASSWORD}\npat@example.org me\n")).json_error(1);
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
fn a_password_is_verified_by_any_name() {
    let test = TestContext::new();
    test.add("pat", &["--email", "pat@example.org", "--username", "Patty"]);
    let names = [["--user-id", "pat"], ["--email", "Pat@Example.org"], ["--username", "patty"]];
    for name in names {
        let verify = [&["password", "verify"], name.as_slice()].concat();
        let run = test.run_with(&verify, format!("{PASSWORD}\n")).succeeded();
        assert_eq!(run.stdout, "account pat of realm default: the password is right\n");
        test.run_with(&verify, OTHER).failed(1, &["the account or its password is wrong"]);
    }
    let verified = test.json(&["password", "verify", "--user-id", "pat"], PASSWORD);
    assert!(verified["changed_at"].is_string(), "{verified}");
    assert_eq!(
        verified,
        json!({
            "verified": true,
            "realm": "default",
            "user_id": "pat",
            "changed_at": verified["changed_at"],
            "otp_enrolled": false,
            "otp_verified": false,
        })
    );
    let records = test.json(&["audit", "list", "--action", "password.verify"], "");
    let outcomes: Vec<_> = records.as_array().unwrap().iter().map(|one| &one["outcome"]).collect();
    let wrong = "wrong-password";
    assert_eq!(outcomes, ["ok", wrong, "ok", wrong, "ok", wrong, "ok"]);
    assert_eq!(records[0]["context"]["source"], "cli");
    assert!(records[0]["caller"].as_str().unwrap().starts_with("operator:"));
}

#[test]
fn unknown_wrong_and_ambiguous_are_one_error() {
    let test = TestContext::with_pat();
    test.add("kim", &["--email", "both@example.org"]);
    let text = "user_id,email\nlee,both@example.org\n";
    test.import("users.csv", text, &[]).succeeded();
    test.run(&["account", "add", "--user-id", "new", "--no-password"]).succeeded();
    let error = |name: [&str; 2], password: &str| {
        let verify = [&["password", "verify", "--json"], name.as_slice()].concat();
        test.run_with(&verify, password).json_error(1)
    };
    let wrong = error(["--user-id", "pat"], OTHER);
    assert_eq!(wrong["code"], "invalid-credentials");
    assert_eq!(error(["--user-id", "nobody"], PASSWORD), wrong);
    assert_eq!(error(["--user-id", "new"], PASSWORD), wrong);
    // It does not say whose password is meant.
    assert_eq!(error(["--email", "both@example.org"], PASSWORD), wrong);
}

#[test]
fn verification_counts_toward_the_lockout_and_a_right_password_clears_the_failures() {
    let test = TestContext::with_pat();
    let verify = ["password", "verify", "--user-id", "pat", "--json"];
    let failures = || test.json(&["account", "show", "--user-id", "pat"], "")["failures"].clone();
    test.run_with(&verify, OTHER).json_error(1);
    assert_eq!(failures(), 1);
    test.run_with(&verify, PASSWORD).succeeded();
    assert_eq!(failures(), 0);

    for _ in 0..3 {
        assert_eq!(test.run_with(&verify, OTHER).json_error(1)["code"], "invalid-credentials");
    }
    assert_eq!(test.run_with(&verify, PASSWORD).json_error(1)["code"], "locked");
    test.run(&["account", "unlock", "--user-id", "pat"]).succeeded();
    test.run_with(&verify, PASSWORD).succeeded();

    test.run(&["account", "deactivate", "--user-id", "pat"]).succeeded();
    assert_eq!(test.run_with(&verify, PASSWORD).json_error(1)["code"], "inactive");
    assert_eq!(test.run_with(&verify, OTHER).json_error(1)["code"], "invalid-credentials");
}

#[test]
fn a_one_time_password_is_verified_once_beside_the_password() {
    let test = TestContext::with_pat();
    let code = || {
        let issued = test.json(&["otp", "issue", "--user-id", "pat"], "");
        issued["code"].as_str().unwrap().to_owned()
    };
    let verify = ["password", "verify", "--user-id", "pat", "--otp", "--json"];
    let first = code();
    let run = test.run_with(&verify, format!("{PASSWORD}\n{first}\n")).succeeded();
    assert_eq!(run.json()["otp_verified"], true);
    let again = test.run_with(&verify, format!("{PASSWORD}\n{first}\n")).json_error(1);
    assert_eq!(again["code"], "invalid-credentials");
    let right = code();
    let wrong = test.run_with(&verify, format!("{OTHER}\n{right}\n")).json_error(1);
    assert_eq!(wrong, again);
    // It was not spent beside a wrong password.
    test.run_with(&verify, format!("{PASSWORD}\n{right}\n")).succeeded();
}

#[test]
fn a_verification_needs_exactly_one_name() {
    let test = TestContext::with_pat();
    test.run(&["password", "verify"]).failed(2, &["--user-id", "--email", "--username"]);
    let two = ["password", "verify", "--user-id", "pat", "--email", "pat@example.org"];
    test.run(&two).failed(2, &["--user-id", "--email"]);
    assert_eq!(test.json(&["audit", "list", "--action", "password.verify"], ""), json!([]));
}

#[test]
fn stdin_must_have_exactly_the_expected_lines() {
    let test = TestContext::with_pat();
    let long = "x".repeat(4097);
    let add = ["account", "add", "--user-id", "kim"].as_slice();
    let check = ["password", "check"].as_slice();
    let change = ["password", "change", "--user-id", "pat"].as_slice();
    let verify = ["password", "verify", "--user-id", "pat"].as_slice();
    let with_otp = ["password", "verify", "--user-id", "pat", "--otp"].as_slice();
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
        (verify, "", "the password is empty"),
        (verify, "a\nb", "stdin has more than one line"),
        (with_otp, PASSWORD, "the one-time password is missing"),
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
