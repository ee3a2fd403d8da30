use crate::test_context::{Run, TestContext, finish};

/// Runs `hash tune` without a database.
fn tune(arguments: &[&str]) -> Run {
    // Keeps the working folder until the command has ended.
    let test = TestContext::new();
    let mut command = test.command();
    command.env_remove("REPASS_DATABASE").args(["hash", "tune"]).args(arguments);
    finish(command, "")
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
