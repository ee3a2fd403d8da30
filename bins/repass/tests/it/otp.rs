use crate::test_context::TestContext;

#[test]
fn enroll_prints_the_uri_and_a_qr_code() {
    let test = TestContext::with_pat();
    let arguments = ["otp", "enroll", "--user-id", "pat", "--issuer", "Example Shop"];
    let run = test.run(&arguments).succeeded();
    let mut lines = run.stdout.lines();
    let uri = lines.next().unwrap();
    assert!(uri.starts_with("otpauth://totp/Example%20Shop:pat%40example.org?secret="), "{uri}");
    let code: Vec<&str> = lines.collect();
    assert!(code.len() > 20, "{}", run.stdout);
    let blocks = |line: &&str| line.chars().all(|block| " ▀▄█".contains(block));
    assert!(code.iter().all(blocks), "{}", run.stdout);
    assert!(run.stderr.contains("shown only once"), "{}", run.stderr);
    assert!(!run.stderr.contains("otpauth"), "{}", run.stderr);

    let shown = test.json(&["account", "show", "--user-id", "pat"], "");
    assert_eq!(shown["otp_enrolled"], true);
}

#[test]
fn json_has_the_uri_only_and_both_spellings_work() {
    let test = TestContext::with_pat();
    for command in ["enroll", "enrol"] {
        let enrolled = test.json(&["otp", command, "--user-id", "pat"], "");
        let uri = enrolled["uri"].as_str().unwrap();
        assert!(uri.starts_with("otpauth://totp/repass:pat%40example.org?secret="), "{uri}");
    }
    test.run(&["otp", "enroll", "--user-id", "pat", "--issuer", "a:b"])
        .failed(2, &["--issuer", "colon"]);
}

/// Proves ASVS 6.5.4, ASVS 6.5.5.
#[test]
fn a_one_time_code_has_eight_digits() {
    let test = TestContext::with_pat();
    let run = test.run(&["otp", "issue", "--user-id", "pat"]).succeeded();
    let code = run.stdout.trim_end();
    assert!(code.len() == 8 && code.bytes().all(|digit| digit.is_ascii_digit()), "{code}");
    assert!(run.stderr.contains("for 600 s"), "{}", run.stderr);
    let issued = test.json(&["otp", "issue", "--user-id", "pat", "--lifetime", "5m"], "");
    assert_eq!(issued["lifetime_seconds"], 300);
    assert!(issued["expires_at"].is_string(), "{issued}");
    assert_eq!(issued["code"].as_str().unwrap().len(), 8);
    test.run(&["otp", "issue", "--user-id", "pat", "--lifetime", "11m"])
        .failed(2, &["--lifetime", "between 1s and 10m"]);
}
