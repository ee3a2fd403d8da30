//! Tests of the cluster itself. Without PostgreSQL, they are reported as ignored.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::env;
use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use libtest_mimic::{Arguments, Trial};
use repass_postgres_cluster::{Cluster, Mode, programs};

/// If set, this program starts a cluster, prints its folder, and waits to be killed.
const VICTIM: &str = "REPASS_TEST_CLUSTER_VICTIM";

fn main() {
    if env::var_os(VICTIM).is_some() {
        be_killed();
    }
    let missing = programs().err();
    let trial = |name, test: fn()| {
        let trial = Trial::test(name, move || {
            test();
            Ok(())
        });
        match &missing {
            None => trial,
            Some(reason) => trial.with_kind(reason.to_string()).with_ignored_flag(true),
        }
    };
    let trials = vec![
        trial(
            "a_cluster_starts_stops_and_leaves_nothing",
            a_cluster_starts_stops_and_leaves_nothing,
        ),
        trial("a_process_that_is_killed_leaves_nothing", a_process_that_is_killed_leaves_nothing),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn a_cluster_starts_stops_and_leaves_nothing() {
    let cluster = Cluster::start().unwrap();
    let socket = cluster.folder().join(".s.PGSQL.5432");
    assert!(UnixStream::connect(&socket).is_ok());
    assert_ne!(cluster.create_database(), cluster.create_database());
    for mode in [Mode::Fast, Mode::Immediate] {
        cluster.stop(mode);
        cluster.stop(mode);
        assert!(UnixStream::connect(&socket).is_err(), "{mode:?}");
        cluster.restart();
        assert!(UnixStream::connect(&socket).is_ok(), "{mode:?}");
    }
    let folder = cluster.folder().to_owned();
    drop(cluster);
    assert!(!folder.exists());
}

fn a_process_that_is_killed_leaves_nothing() {
    let mut command = Command::new(env::current_exe().unwrap());
    let mut victim = command.env(VICTIM, "1").stdout(Stdio::piped()).spawn().unwrap();
    let mut folder = String::new();
    BufReader::new(victim.stdout.take().unwrap()).read_line(&mut folder).unwrap();
    let folder = PathBuf::from(folder.trim_end());
    let server = std::fs::read_to_string(folder.join("data/postmaster.pid")).unwrap();
    let server: i32 = server.lines().next().unwrap().parse().unwrap();
    assert!(UnixStream::connect(folder.join(".s.PGSQL.5432")).is_ok());

    victim.kill().unwrap();
    victim.wait().unwrap();
    for _ in 0..3_000 {
        if !folder.exists() {
            // It may remain as a zombie if no process collects orphans.
            let running = std::fs::read_to_string(format!("/proc/{server}/cmdline"));
            assert!(running.unwrap_or_default().is_empty());
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    unreachable!("the folder {} exists after half a minute", folder.display());
}

#[allow(clippy::print_stdout, reason = "the test reads the output")]
fn be_killed() -> ! {
    let cluster = Cluster::start().unwrap();
    println!("{}", cluster.folder().display());
    loop {
        thread::park();
    }
}
