//! Invalid arguments are reported in one line with exit status 2, and nothing is done.

use std::io::Read;
use std::process::Stdio;

use crate::test_context::{PASSWORD, TestContext, finish};

#[test]
fn invalid_options_are_named() {
    let test = TestContext::new();
    for (arguments, parts) in [
        (["acount", "list"].as_slice(), ["'acount'", "'account'"].as_slice()),
        (&["account", "list", "--relm", "x"], &["'--relm'", "'--realm'"]),
        (&["account", "list", "--realm", "Shop"], &["'Shop'", "--realm", "a realm is 1 to 64"]),
        (&["account", "list", "--limit", "0"], &["'0'", "--limit", "1..=10000"]),
        (&["account", "list", "--limit", "many"], &["'many'", "--limit"]),
        (&["account", "show"], &["required", "--user-id <ID>"]),
        (&["account", "show", "--user-id", ""], &["--user-id", "a user id is 1 to 320 bytes"]),
        (
            &["account", "show", "--user-id", "a\u{7}b"],
            &["--user-id", "without control characters"],
        ),
        (&["account", "add", "--user-id", "x", "--email", "nobody"], &["'nobody'", "--email"]),
        (
            &["account", "add", "--user-id", "x", "--policy", "nist"],
            &["'nist'", "--policy", "vendor-zap"],
        ),
        (
            &["account", "add", "--user-id", "x", "--hash-profile", "md5"],
            &["'md5'", "--hash-profile", "owasp"],
        ),
        (
            &["account", "add", "--user-id", "x", "--given-name", ""],
            &["--given-name", "1 to 320 characters"],
        ),
        (
            &["key", "issue", "--kind", "robot", "--name", "x"],
            &["'robot'", "--kind", "service, app, api"],
        ),
        (&["key", "issue", "--kind", "app"], &["required", "--name <NAME>"]),
        (&["token", "issue"], &["required", "--user-id <ID>"]),
        (
            &["token", "issue", "--user-id", "x", "--lifetime", "10"],
            &["'10'", "--lifetime", "a number with a unit"],
        ),
        (
            &["token", "issue", "--user-id", "x", "--lifetime", "0s"],
            &["'0s'", "--lifetime", "between 1s and 3650d"],
        ),
        (
            &["token", "issue", "--user-id", "x", "--lifetime", "1h", "--role", "a b"],
            &["'a b'", "--role", "[possible values: admin]"],
        ),
        (
            &["reset", "issue", "--user-id", "x", "--lifetime", "1h"],
            &["'1h'", "--lifetime", "between 1s and 10m"],
        ),
    ] {
        test.run_with(arguments, PASSWORD).failed(2, parts);
        let error = test.run_with(&[arguments, &["--json"]].concat(), PASSWORD).json_error(2);
        assert_eq!(error["code"], "usage");
    }
    assert_eq!(std::fs::read_dir(test.folder.path()).unwrap().count(), 0);
}

#[test]
fn a_secret_on_the_command_line_is_refused_and_not_printed() {
    let test = TestContext::new();
    for arguments in [
        ["password", "check", "hunter2"].as_slice(),
        &["password", "hunter2"],
        &["password", "check", "--password", "hunter2"],
        &["password", "check", "--password=hunter2"],
        &["account", "add", "--user-id", "pat", "--password=hunter2"],
    ] {
        let run = test.run_with(arguments, PASSWORD).failed(2, &[]);
        assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
    }
}

/// Proves L5.
#[test]
fn l5_the_value_of_an_environment_variable_is_not_printed() {
    let test = TestContext::new();
    for variable in
        ["REPASS_SCHEMA", "REPASS_HASH_PROFILE", "REPASS_PEPPER_KEYS", "REPASS_DATABASE"]
    {
        let mut command = test.command();
        command.env(variable, "hunter2; hunter2").args(["account", "add", "--user-id", "pat"]);
        let run = finish(command, PASSWORD).failed(2, &[]);
        assert!(!run.stderr.contains("hunter2"), "{variable}: {}", run.stderr);
    }
}

#[test]
fn a_missing_or_invalid_database_url_is_refused() {
    let test = TestContext::new();
    let list = |url: &str| {
        let mut command = test.command();
        command.args(["account", "list", "--database", url]);
        finish(command, "")
    };
    let mut unnamed = test.command();
    unnamed.env_remove("REPASS_DATABASE").args(["account", "list"]);
    finish(unnamed, "")
        .failed(2, &["no database given; use --database URL or set REPASS_DATABASE"]);
    list("").failed(2, &["no database given"]);
    list("repass.db").failed(2, &["--database", "must begin with sqlite:"]);
    let run =
        list("mysql://root:hunter2@db/x").failed(2, &["--database", "must begin with sqlite:"]);
    assert!(!run.stderr.contains("hunter2"));
    list("sqlite::memory:").failed(2, &["--database", "memory"]);
    list("sqlite:///no/such/folder/x.db").failed(2, &["--database", "/no/such/folder"]);
    list("sqlite:repass.db?cache=on").failed(2, &["--database", "an unknown parameter"]);
    let notes = test.folder.path().join("notes.txt");
    std::fs::write(&notes, "these are notes, and no database whatsoever").unwrap();
    list("sqlite:notes.txt").failed(2, &["--database", "notes.txt"]);
    assert_eq!(std::fs::read_to_string(notes).unwrap().len(), 43);
}

#[test]
fn a_mistyped_database_is_not_created() {
    let test = TestContext::new();
    for arguments in [
        ["account", "list"].as_slice(),
        &["account", "show", "--user-id", "pat"],
        &["account", "unlock", "--user-id", "pat"],
        &["key", "list"],
        &["token", "issue", "--user-id", "pat", "--lifetime", "1h"],
        &["reset", "issue", "--user-id", "pat"],
        &["otp", "enroll", "--user-id", "pat"],
        &["audit", "list"],
    ] {
        test.run(arguments).failed(2, &["--database", "there is no database"]);
        let error = test.run(&[arguments, &["--json"]].concat()).json_error(2);
        assert_eq!(error["code"], "invalid-database");
    }
    assert_eq!(std::fs::read_dir(test.folder.path()).unwrap().count(), 0);
}

#[test]
fn a_missing_or_invalid_key_file_is_refused() {
    let test = TestContext::new();
    let add = |file: &str| {
        let arguments = ["account", "add", "--user-id", "pat", "--no-password", "--key-file", file];
        test.run(&arguments)
    };
    add("none.key").failed(2, &["--key-file", "none.key is missing"]);
    let invalid = test.folder.path().join("invalid.key");
    std::fs::write(&invalid, "short").unwrap();
    let run = add("invalid.key");
    assert_eq!(run.status, 2);
    assert!(
        run.stderr.contains("--key-file") && run.stderr.contains("43 characters"),
        "{}",
        run.stderr
    );
    assert!(!test.database().exists());

    let good = test.folder.path().join("good.key");
    std::fs::write(&good, "A".repeat(43)).unwrap();
    let run = add("good.key").succeeded();
    if cfg!(unix) {
        assert!(run.stderr.contains("chmod 600"), "{}", run.stderr);
    }
    assert!(!test.folder.path().join("repass.db.key").exists());
}

/// As in `repass account list | head -1`.
#[test]
fn a_closed_pipe_is_not_a_failure() {
    let test = TestContext::with_pat();
    let mut command = test.command();
    command.args(["account", "list"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut child = command.stdout(writer).spawn().unwrap();
    let status = child.wait().unwrap();
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
}
