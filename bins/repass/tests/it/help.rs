use crate::test_context::TestContext;

#[test]
fn help_lists_every_command_and_has_examples() {
    let test = TestContext::new();
    let top = test.run(&["--help"]).succeeded().stdout;
    for word in
        ["account", "key", "token", "reset", "otp", "password", "audit", "hash", "Exit status"]
    {
        assert!(top.contains(word), "{word} is missing:\n{top}");
    }
    for command in [
        "account add",
        "account edit",
        "account delete",
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
        "token list",
        "token revoke",
        "reset issue",
        "reset list",
        "reset revoke",
        "outbox retry",
        "outbox drop",
        "otp enroll",
        "otp issue",
        "password check",
        "password change",
        "password verify",
        "policy show",
        "audit list",
        "hash tune",
    ] {
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let help = test.run(&words).succeeded().stdout;
        assert!(help.contains(&format!("  repass {command}")), "no example:\n{help}");
        assert!(help.contains("--database <URL>"), "{help}");
        // The URL in the environment may contain a password.
        assert!(!help.contains("repass.db]") && !help.contains(&test.url()), "{help}");
    }
}

#[test]
fn the_version_is_printed() {
    let version = TestContext::new().run(&["--version"]).succeeded().stdout;
    assert_eq!(version, concat!("repass ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn a_missing_command_is_reported_with_the_existing_commands() {
    let test = TestContext::new();
    test.run(&[]).failed(2, &["requires a subcommand", "account, key, token", "see --help"]);
    test.run(&["key"]).failed(2, &["'repass key'", "issue, list, revoke"]);
    let error = test.run(&["key", "--json"]).json_error(2);
    assert_eq!(error["code"], "usage");
}

#[test]
fn completions_and_man_pages_are_made_for_every_command() {
    let test = TestContext::new();
    // They need no configuration.
    let run = |arguments: &[&str]| {
        let mut command = test.command();
        command.env("REPASS_CONFIG", "none.toml").args(arguments);
        crate::test_context::finish(command, "").succeeded().stdout
    };
    for shell in ["bash", "zsh", "fish"] {
        assert!(run(&["completions", shell]).contains("accept-keys"), "{shell}");
    }
    run(&["man", "."]);
    let page = std::fs::read_to_string(test.folder.path().join("repass-account-add.1")).unwrap();
    assert!(page.contains("\\-\\-user\\-id") && !page.contains(&test.url()), "{page}");
    test.run(&["man", "none"]).failed(2, &["none"]);
}
