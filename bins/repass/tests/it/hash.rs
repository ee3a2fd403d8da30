use crate::test_context::{Run, TestContext, finish};

/// Runs `hash tune` without a database.
fn tune(arguments: &[&str]) -> Run {
    // Keeps the working folder until the command has ended.
    let test = TestContext::new();
    let mut command = test.command();
    command.env_remove("REPASS_DATABASE").args(["hash", "tune"]).args(arguments);
    finish(command, "")
}

fn identify(arguments: &[&str], hash: &str) -> Run {
    let test = TestContext::new();
    let mut command = test.command();
    command.env_remove("REPASS_DATABASE").args(["hash", "identify"]).args(arguments);
    finish(command, hash)
}

const BCRYPT: &str = "$2b$05$abcdefghijklmnopqrstuuFiPhXf1sVd3pCCRO.uVh34H/qI/ZsuS";

#[test]
fn a_hash_is_identified_without_being_printed() {
    let run = identify(&[], &format!("{BCRYPT}\n")).succeeded();
    for part in [
        "bcrypt",
        "OpenBSD",
        "2b cost=5",
        "cost 4 to 16",
        "below 72 bytes",
        " times a new hash",
        "nothing",
    ] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    assert!(!run.stdout.contains("abcdefghijkl") && !run.stdout.contains("--allow-costly"));

    let printed = identify(&["--json"], BCRYPT).succeeded().json();
    assert_eq!(printed["family"], "bcrypt");
    assert_eq!(
        (&printed["parameters"], &printed["bounds"]),
        (&"2b cost=5".into(), &"cost 4 to 16".into())
    );
    assert_eq!((&printed["costly"], &printed["self_describing"]), (&false.into(), &true.into()));
    assert!(printed["time_ms"].as_f64().unwrap() > 0.0);
    assert!(printed["relative_to_new_hash"].as_f64().unwrap() < 1.0);

    let argon2 =
        "$argon2id$v=19$m=19456,t=4,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    let printed = identify(&["--json"], argon2).succeeded().json();
    assert_eq!(
        (&printed["family"], &printed["relative_to_new_hash"]),
        (&"argon2".into(), &2.0.into())
    );

    let run = identify(&[], &BCRYPT.replace("$05$", "$16$")).succeeded();
    assert!(run.stdout.contains("--allow-costly"), "{}", run.stdout);
}

/// Proves H3.
#[test]
fn h3_a_hash_that_must_be_declared_is_identified_by_its_resemblance() {
    let spring =
        "{pbkdf2}5d923b44a6d129f3ddf3e3c8d29412723dcbde72445e8ef6bf3b508fbf17fa4ed4d6b99ca763d8dc";
    for (hash, part) in [
        (
            "72d4a5a5b605c53ae1ac478d9a4977d7",
            "MD5 or an NT hash; declare the format `salted-digest`",
        ),
        ("rl.3StKT.4T8M", "the traditional crypt(3); declare the format `crypt`"),
        ("*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19", "`mysql`"),
        (spring, "`spring`"),
        ("{noop}secret", "a password that is not hashed"),
        ("hunter2", "no known family"),
    ] {
        let run = identify(&[], hash);
        assert_eq!((run.status, run.stderr.as_str()), (1, ""), "{hash}");
        assert!(run.stdout.starts_with("refused: ") && run.stdout.contains(part), "{}", run.stdout);
        assert!(
            !run.stdout.contains(&hash[9.min(hash.len())..]) || hash == "hunter2",
            "{}",
            run.stdout
        );
    }
    let printed = identify(&["--json"], "72d4a5a5b605c53ae1ac478d9a4977d7").json();
    assert_eq!(printed["family"], serde_json::Value::Null);
    assert_eq!(printed["hash_formats"][1], "nt");

    let run = identify(&["--hash-format", "spring"], spring).succeeded();
    assert!(run.stdout.contains("sha1 iterations=185000"), "{}", run.stdout);
    assert!(run.stdout.contains("the given format"), "{}", run.stdout);
    let printed = identify(&["--hash-format", "django", "--json"], BCRYPT).succeeded().json();
    assert_eq!(printed["self_describing"], true, "the text decides, not the option");
    let hash = "8d2129083ef35f4b365d5d87487e1207";
    let run = identify(&["--hash-format", "mybb", "--hash-salt", "47204"], hash).succeeded();
    assert!(run.stdout.contains("mybb"), "{}", run.stdout);
    identify(&[], "").failed(2, &["the hash is empty"]);
    identify(&["--hash-format", "md5"], "x").failed(2, &["unknown import format `md5`"]);
}

/// A limit that only one of OWASP's minimums meets, so that few profiles are measured.
const SMALL: [&str; 4] = ["--threads", "1", "--memory-limit", "8MiB"];

#[test]
fn nothing_below_owasps_minimum_is_proposed() {
    let run = tune(&[&SMALL[..], &["--target", "1us"]].concat());
    assert_eq!(run.status, 1, "{}", run.stderr);
    assert!(run.stderr.contains("OWASP's minimum takes longer than 1µs"), "{}", run.stderr);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert!(lines[0].contains("MEMORY") && lines[0].contains("HASHES/S"), "{}", run.stdout);
    assert!(lines[1].starts_with("proposed  7.0 MiB"), "{}", run.stdout);
    assert!(lines[2].starts_with("minimum   7.0 MiB"), "{}", run.stdout);
    let toml = "[hashing]\nmemory_kib = 7168\niterations = 5\nparallelism = 1\nthreads = 1\n";
    assert!(run.stdout.ends_with(toml), "{}", run.stdout);
    assert!(run.stdout.contains("\nkernel: "), "{}", run.stdout);

    let run = tune(&[&SMALL[..], &["--target", "1us", "--json"]].concat());
    assert_eq!(run.status, 1);
    let printed = run.json();
    assert_eq!(printed["target_met"], false);
    assert_eq!(printed["proposal"]["memory_kib"], 7168);
    assert_eq!(printed["proposal"]["iterations"], 5);
    assert_eq!(printed["proposal"]["memory_bytes"], 7168 * 1024);
    assert!(printed["proposal"]["hashes_per_second"].as_f64().unwrap() > 0.0);
    assert_eq!(printed["toml"], toml);
    assert!(printed["kernel"].is_string());
}

#[test]
fn a_long_target_is_met() {
    // Every machine meets it with the maximum number of passes, which is the first guess.
    let run = tune(&[&SMALL[..], &["--target", "60s", "--json"]].concat()).succeeded();
    let printed = run.json();
    assert_eq!(printed["target_met"], true);
    assert_eq!((&printed["threads"], &printed["target_ms"]), (&1.into(), &60000.0.into()));
    let (proposal, minimum) = (&printed["proposal"], &printed["minimum"]);
    assert_eq!((&proposal["memory_kib"], &proposal["iterations"]), (&8192.into(), &100.into()));
    assert_eq!((&minimum["memory_kib"], &minimum["iterations"]), (&7168.into(), &5.into()));
    assert_eq!(run.stderr, "", "progress is drawn on terminals only");
}

#[test]
fn invalid_options_are_named() {
    for (arguments, parts) in [
        (["--target", "0s"].as_slice(), ["'0s'", "--target", "at most 60s"].as_slice()),
        (&["--target", "soon"], &["'soon'", "--target", "such as 250ms"]),
        (&["--threads", "0"], &["'0'", "--threads", "1 to 1024"]),
        (&["--parallelism", "65"], &["'65'", "--parallelism", "1..=64"]),
        (&["--memory-limit", "much"], &["'much'", "--memory-limit"]),
        (
            &["--memory-limit", "13MiB", "--threads", "2"],
            &["--memory-limit", "13.0 MiB is too little for 2 threads", "7.0 MiB each"],
        ),
    ] {
        tune(arguments).failed(2, parts);
    }
}
