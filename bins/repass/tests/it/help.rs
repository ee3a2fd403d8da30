use crate::bench::Bench;

#[test]
fn help_tells_of_every_command_and_shows_examples() {
    let bench = Bench::new();
    let top = bench.run(&["--help"]).succeeded().stdout;
    for word in
        ["account", "key", "token", "reset", "otp", "password", "audit", "hash", "Exit status"]
    {
        assert!(top.contains(word), "{word} is missing:\n{top}");
    }
    for command in [
        "account add",
        "account show",
        "account list",
        "account deactivate",
        "account activate",
        "account unlock",
        "account import",
        "account export",
        "key issue",
        "key list",
        "key revoke",
        "token issue",
        "token revoke",
        "reset issue",
        "otp enroll",
        "otp issue",
        "password check",
        "password change",
        "audit list",
        "hash tune",
    ] {
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let help = bench.run(&words).succeeded().stdout;
        assert!(help.contains(&format!("  repass {command}")), "no example:\n{help}");
        assert!(help.contains("--database <URL>"), "{help}");
        // What the environment holds may be a password.
        assert!(!help.contains("repass.db]") && !help.contains(&bench.url()), "{help}");
    }
}

#[test]
fn the_version_is_told() {
    let version = Bench::new().run(&["--version"]).succeeded().stdout;
    assert_eq!(version, concat!("repass ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn a_missing_command_is_told_with_those_there_are() {
    let bench = Bench::new();
    bench.run(&[]).failed(2, &["requires a subcommand", "account, key, token", "see --help"]);
    bench.run(&["key"]).failed(2, &["'repass key'", "issue, list, revoke"]);
    let error = bench.run(&["key", "--json"]).json_error(2);
    assert_eq!(error["code"], "usage");
}
