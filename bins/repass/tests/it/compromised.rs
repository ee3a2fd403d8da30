use std::fs;

use serde_json::json;

use crate::test_context::{TestContext, finish};

/// The SHA-1 digests of "letmein", "password" and "an entirely fine sentence", ordered.
const LIST: &str = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:3861493\r\n\
                    64C697CB5988039B169E785BB5522F31E0120FFA:7\r\n\
                    B7A875FC1EA228B9061041B7CEC4BD3C52AB3CE3:126\r\n";

fn with_list() -> TestContext {
    let test = TestContext::new();
    fs::write(test.folder.path().join("list.txt"), LIST).unwrap();
    test
}

#[test]
fn a_corpus_is_built_shown_verified_and_asked() {
    let test = with_list();
    let built = test.json(&["compromised", "build", "list.txt", "corpus"], "");
    assert_eq!(built["digests"], 3);
    assert_eq!(built["source"], format!("list.txt of {} bytes", LIST.len()));
    assert_eq!(test.json(&["compromised", "show", "corpus"], ""), built);
    let verified = test.run(&["compromised", "verify", "corpus"]).succeeded().stdout;
    assert!(verified.starts_with("3 digests") && verified.contains("checksum"), "{verified}");

    let arguments = ["password", "check", "--policy", "vendor-fabric", "--compromised", "corpus"];
    let refused = test.run_with(&arguments, "letmein");
    assert_eq!(refused.status, 1);
    assert!(refused.stdout.contains("compromised: "), "{}", refused.stdout);
    let json = test.run_with(&[&arguments[..], &["--json"]].concat(), "letmein").json();
    assert_eq!(
        json["violations"],
        json!([{
            "code": "compromised",
            "seen": 100,
            "message": "The new password is known from data breaches at other services.",
        }])
    );
    test.run_with(&arguments, "letmeinletmein").succeeded();
}

#[test]
fn the_list_may_come_from_stdin_and_rare_passwords_be_left_out() {
    let test = TestContext::new();
    let arguments = ["compromised", "build", "-", "corpus", "--min-count", "100"];
    assert_eq!(test.json(&arguments, LIST)["digests"], 2);
    let corpus = test.folder.path().join("corpus");
    // A head of 4 KiB, and an index for two digests.
    let length = fs::metadata(&corpus).unwrap().len();
    assert!(length < 5000, "{length}");
    let shown = test.run(&["compromised", "show", "corpus"]).succeeded().stdout;
    assert!(shown.contains("2 digests of passwords that were seen 100 times or more"), "{shown}");
    let built = test.run_with(&["compromised", "build", "-", "corpus"], LIST).succeeded().stdout;
    assert!(built.starts_with("3 digests, built at "), "{built}");
}

#[test]
fn the_range_files_may_be_in_an_archive() {
    let test = TestContext::new();
    let files = test.folder.path().join("ranges");
    fs::create_dir(&files).unwrap();
    for line in LIST.lines() {
        let (prefix, rest) = line.split_at(5);
        fs::write(files.join(format!("{prefix}.txt")), rest).unwrap();
    }
    let tar = |options: &str, name: &str| {
        let mut tar = std::process::Command::new("tar");
        tar.current_dir(test.folder.path()).args([options, name, "ranges"]);
        assert!(tar.status().unwrap().success());
    };
    tar("-cf", "ranges.tar");
    tar("-czf", "ranges.tar.gz");
    for archive in ["ranges.tar", "ranges.tar.gz"] {
        let built = test.run(&["compromised", "build", archive, "corpus"]).succeeded();
        assert!(built.stdout.starts_with("3 digests"), "{}", built.stdout);
        assert!(
            built.stderr.contains("warning: 1048573 of the 1048576 ranges"),
            "{}",
            built.stderr
        );
        test.run(&["compromised", "verify", "corpus"]).succeeded();
        let check = ["password", "check", "--policy", "vendor-fabric", "--compromised", "corpus"];
        assert_eq!(test.run_with(&check, "letmein").status, 1);
    }
    let build = ["compromised", "build", "ranges.tar", "corpus"];
    let whole = fs::read(test.folder.path().join("ranges.tar")).unwrap();
    fs::write(test.folder.path().join("ranges.tar"), &whole[..2048]).unwrap();
    test.run(&build).failed(2, &["ranges.tar: is truncated"]);
}

#[test]
fn mistakes_name_the_file_and_the_line() {
    let test = with_list();
    let build = |list: &str| test.run_with(&["compromised", "build", "-", "corpus"], list);
    build("8846F7EAEE8FB117AD06BDD830B7586C:3\n").failed(2, &["standard input: line 1", "NTLM"]);
    let reversed: String = LIST.lines().rev().map(|line| format!("{line}\n")).collect();
    build(&reversed).failed(2, &["line 2", "ordered by hash"]);
    build("").failed(2, &["no digest"]);
    build(&LIST[..LIST.len() - 3]).failed(2, &["standard input: line 3", "is truncated"]);
    test.run(&["compromised", "build", "missing", "corpus"]).failed(2, &["missing"]);
    test.run(&["compromised", "show", "list.txt"]).failed(1, &["list.txt: not a corpus"]);
    test.run(&["compromised", "verify", "missing"]).failed(2, &["missing"]);
    assert!(!test.folder.path().join("corpus").exists());
}

/// Proves ASVS 6.2.12.
#[test]
fn the_configured_corpus_counts_for_every_command() {
    let test = with_list();
    test.run(&["compromised", "build", "list.txt", "corpus"]).succeeded();
    let config = format!(
        "[store]\nurl = '{}'\n[compromised]\nfile = 'corpus'\n[policy]\npreset = 'vendor-fabric'\n[api.zap]\n",
        test.url()
    );
    fs::write(test.folder.path().join("repassd.toml"), config).unwrap();
    let run = |arguments: &[&str], stdin: &str| {
        let mut command = test.command();
        command.env_remove("REPASS_DATABASE").env("REPASS_CONFIG", "repassd.toml").args(arguments);
        finish(command, stdin)
    };
    let add = ["account", "add", "--user-id", "pat"];
    let refused = run(&add, "password");
    assert_eq!(refused.status, 1);
    assert!(refused.stderr.contains("known from data breaches"), "{}", refused.stderr);
    run(&add, "a password of my own").succeeded();
    let change = ["password", "change", "--user-id", "pat"];
    let refused = run(&change, "a password of my own\nletmein\n");
    assert!(refused.stderr.contains("known from data breaches"), "{}", refused.stderr);
    assert_eq!(run(&["password", "check"], "password").status, 1);

    fs::write(test.folder.path().join("corpus"), "damaged").unwrap();
    run(&["account", "list"], "").succeeded();
    let failed = run(&change, "a password of my own\nquite another one\n");
    assert_eq!(failed.status, 1);
    assert!(failed.stderr.contains("corpus: not a corpus"), "{}", failed.stderr);
}
