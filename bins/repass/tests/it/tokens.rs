use serde_json::{Value, json};

use crate::bench::Bench;

fn seconds_between(issued: &Value, from: &str, until: &str) -> i64 {
    let at = |name: &str| issued[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    at(until).duration_since(at(from)).as_secs()
}

#[test]
fn an_access_token_has_roles_and_a_lifetime() {
    let bench = Bench::with_pat();
    let issued = bench.json(
        &[
            "token",
            "issue",
            "--user-id",
            "pat",
            "--role",
            "admin",
            "--role",
            "support",
            "--lifetime",
            "1h 30m",
        ],
        "",
    );
    assert_eq!(issued["roles"], json!(["admin", "support"]));
    assert_eq!(issued["user_id"], "pat");
    assert_eq!(issued["token"].as_str().unwrap().len(), 43);
    assert_eq!(seconds_between(&issued, "issued_at", "expires_at"), 5400);

    let id = issued["id"].as_str().unwrap();
    let run = bench.run(&["token", "revoke", id]).succeeded();
    assert_eq!(run.stdout, format!("token {id}: revoked\n"));
    bench.run(&["token", "revoke", id]).failed(1, &["no active token has this id"]);
    let second = bench.json(&["token", "issue", "--user-id", "pat", "--lifetime", "7d"], "");
    let second = second["id"].as_str().unwrap();
    assert_eq!(bench.json(&["token", "revoke", second], "")["revoked"], true);
    bench.run(&["token", "revoke", "x"]).failed(2, &["ID must be the UUID"]);
}

#[test]
fn the_token_alone_goes_to_stdout() {
    let bench = Bench::with_pat();
    let run = bench.run(&["token", "issue", "--user-id", "pat", "--lifetime", "15m"]).succeeded();
    let token = run.stdout.strip_suffix('\n').unwrap();
    assert_eq!(token.len(), 43, "{token}");
    assert!(
        run.stderr.contains("no roles") && run.stderr.contains("shown this once"),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains(token));
}

/// Proves ASVS 6.4.6 reset, ASVS 6.5.5.
#[test]
fn a_reset_token_lives_ten_minutes_or_less() {
    let bench = Bench::with_pat();
    let issued = bench.json(&["reset", "issue", "--user-id", "pat"], "");
    assert_eq!(seconds_between(&issued, "issued_at", "expires_at"), 600);
    let run = bench.run(&["reset", "issue", "--user-id", "pat", "--lifetime", "90s"]).succeeded();
    assert_eq!(run.stdout.trim_end().len(), 43);
    assert!(run.stderr.contains("older ones are void"), "{}", run.stderr);
    let long = ["reset", "issue", "--user-id", "pat", "--lifetime", "11m"];
    bench.run(&long).failed(2, &["--lifetime", "11m", "between 1s and 10m"]);
}

#[test]
fn tokens_are_for_accounts_that_exist() {
    let bench = Bench::with_pat();
    for arguments in [
        ["token", "issue", "--user-id", "kim", "--lifetime", "1h"].as_slice(),
        &["reset", "issue", "--user-id", "kim"],
        &["otp", "issue", "--user-id", "kim"],
        &["otp", "enroll", "--user-id", "kim"],
    ] {
        bench.run(arguments).failed(1, &["realm default has no account kim"]);
        let error = bench.run(&[arguments, &["--json"]].concat()).json_error(1);
        assert_eq!(error["code"], "no-such-account");
    }
}

/// A secret that nobody has seen is a failure, and says what to do.
#[cfg(target_os = "linux")]
#[test]
fn a_secret_that_cannot_be_printed_is_reported() {
    let bench = Bench::with_pat();
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
        let output = bench.command().args(arguments).stdout(full).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains("could not be printed") && stderr.contains(remedy), "{stderr}");
        assert!(stderr.contains("No space left"), "{stderr}");
    }
}
