//! The configuration file of the server.

use crate::test_context::{PASSWORD, Run, TestContext, finish};

const PEPPER: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A context whose only setting is `REPASS_CONFIG`.
struct Configured(TestContext);

impl Configured {
    fn new(more: &str) -> Self {
        let test = TestContext::new();
        std::fs::write(test.folder.path().join("pepper"), format!("\u{feff}{PEPPER}\r\n")).unwrap();
        let text = format!(
            "[store]\nurl = '{}'\n\
             [hashing]\nprofile = 'insecure-for-tests'\npepper = 'k1'\n\
             [hashing.peppers.k1]\nkey_file = 'pepper'\n\
             [policy]\nmin_length = 8\n\
             [webhook]\nurl = 'https://example.org/'\nsecret_file = 'only-the-server-reads-this'\n\
             [api.zap]\nrealm = 'shop'\n\
             [api.etna]\nrealm = 'school'\npolicy = {{ min_length = 10 }}\n{more}",
            test.url(),
        );
        std::fs::write(test.folder.path().join("repassd.toml"), text).unwrap();
        Self(test)
    }

    fn run(&self, arguments: &[&str], stdin: &str) -> Run {
        let mut command = self.0.command();
        command.env_clear().env("REPASS_CONFIG", "repassd.toml").args(arguments);
        finish(command, stdin)
    }

    fn add(&self, realm: &str, user_id: &str, password: &str, more: &[&str]) -> Run {
        let add = ["account", "add", "--realm", realm, "--user-id", user_id];
        self.run(&[&add, more].concat(), password)
    }
}

/// Proves C1.
#[test]
fn c1_database_keys_hashing_and_policies_are_those_of_the_server() {
    let test = Configured::new("");
    test.add("shop", "pat", "8 letter", &[]).succeeded();
    test.add("other", "pat", "8 letter", &[]).succeeded();
    let refused = |run: Run, min: &str| {
        assert_eq!(run.status, 1);
        assert!(run.stderr.contains(&format!("at least {min} characters")), "{}", run.stderr);
    };
    refused(test.add("school", "pat", "8 letter", &[]), "10");
    test.add("school", "pat", "10 letters", &[]).succeeded();
    // An option wins.
    let strict = ["--policy", "nist-800-63b-4"];
    refused(test.add("shop", "kim", "8 letter", &strict), "15");
    test.add("school", "kim", "8 letter", &["--policy", "zap"]).succeeded();
    test.add("shop", "lou", PASSWORD, &["--policy", "nist"]).failed(2, &["'nist'", "etna, zap"]);
    let run = test.run(&["account", "export", "--with-hashes"], "").succeeded();
    assert_eq!(run.stdout.matches("keyid=azE").count(), 4, "{}", run.stdout);
}

/// Proves C1.
#[test]
fn c1_apis_of_one_realm_with_different_policies_need_a_choice() {
    let test = Configured::new("[api.ecom]\nrealm = 'shop'\npolicy = { min_length = 20 }\n");
    let apis = ["ecom and zap", "--policy"];
    test.add("shop", "pat", "8 letter", &[]).failed(2, &apis);
    test.add("shop", "pat", "8 letter", &["--policy", "zap"]).succeeded();
}

/// Proves C1, L4 all.
#[test]
fn c1_mistakes_of_the_file_are_reported_as_by_the_server() {
    let test = Configured::new("[lockout]\nthreshold = 0\n[server]\nmax_connection = 1\n");
    let run = test.run(&["account", "list"], "");
    assert_eq!((run.status, run.stdout.as_str()), (2, ""));
    let lines: Vec<&str> = run.stderr.lines().collect();
    let expected =
        ["repass: repassd.toml:19:1: lockout.threshold: ", "repass: repassd.toml:21:1: server."];
    assert_eq!(lines.len(), expected.len(), "{}", run.stderr);
    for (line, begin) in lines.iter().zip(expected) {
        assert!(line.starts_with(begin), "{line}");
    }
    let run = test.run(&["--config", "none.toml", "account", "list"], "");
    run.failed(2, &["none.toml: the file cannot be read"]);
}

/// Proves L7 secret files.
#[test]
fn l7_a_secret_file_that_cannot_be_read_is_named() {
    let test = Configured::new("");
    std::fs::remove_file(test.0.folder.path().join("pepper")).unwrap();
    let parts = ["repassd.toml:7:1: hashing.peppers.k1.key_file: pepper does not exist"];
    test.run(&["account", "list"], "").failed(2, &parts);
}

/// Proves C1, K2.
#[test]
fn c1_k2_a_missing_key_file_of_the_configuration_is_created_by_init_and_accept_keys() {
    let test = Configured::new("");
    let folder = test.0.folder.path();
    let (file, key) = (folder.join("repassd.toml"), folder.join("shared.key"));
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("[store]\n", "[store]\nkey_file = 'shared.key'\n")).unwrap();
    let parts = ["repassd.toml: store.key_file: ", "shared.key is missing", "repass database init"];
    test.run(&["account", "list"], "").failed(2, &parts);
    assert!(!key.exists());
    test.run(&["database", "init"], "").succeeded();
    test.add("shop", "pat", PASSWORD, &[]).succeeded();

    let first = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    test.run(&["database", "init"], "").failed(2, &["shared.key is missing", "accept-keys"]);
    test.run(&["database", "accept-keys"], "").succeeded();
    assert_ne!(std::fs::read(&key).unwrap(), first);
    test.run(&["account", "list"], "").succeeded();
}
