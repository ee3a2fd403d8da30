//! The prompt on a real terminal.

use std::fs::File;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rexpect::session::{PtySession, spawn_command};

use crate::test_context::{PASSWORD, TestContext};

const OTHER: &str = "another entirely fine sentence";
const TIMEOUT: Duration = Duration::from_secs(30);

/// Text that is typed before the command starts, to prove that the terminal echoes.
const SHOWN: &str = "this is shown";

/// Switches the echo on, which rexpect switches off.
const WITH_ECHO: &str = "stty echo && echo ready && read -r line && ";

fn on_terminal(test: &TestContext, arguments: &[&str]) -> PtySession {
    in_shell(test, "exec \"$0\" \"$@\"", arguments)
}

fn in_shell(test: &TestContext, script: &str, arguments: &[&str]) -> PtySession {
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("{WITH_ECHO}{script}"), env!("CARGO_BIN_EXE_repass")])
        .args(arguments)
        .current_dir(test.folder.path())
        .env("REPASS_DATABASE", test.url())
        .env("REPASS_HASH_PROFILE", "insecure-for-tests");
    let mut session = spawn_command(command, Some(TIMEOUT.as_millis() as u64)).unwrap();
    session.exp_string("ready").unwrap();
    session.send_line(SHOWN).unwrap();
    session.exp_string(SHOWN).unwrap();
    session
}

/// Answers each prompt. Returns the output of the terminal and the exit status.
fn answer(mut session: PtySession, dialogue: &[(&str, &str)]) -> (String, i32) {
    let mut screen = String::new();
    for (prompt, answer) in dialogue {
        screen.push_str(&session.exp_string(prompt).unwrap());
        screen.push_str(prompt);
        session.send_line(answer).unwrap();
    }
    screen.push_str(&session.exp_eof().unwrap());
    // `Exited(Pid(…), status)`: rexpect does not export the type.
    let ended = format!("{:?}", session.process().wait().unwrap());
    let status = ended.strip_prefix("Exited(").and_then(|ended| ended.split([' ', ')']).nth(2));
    (screen, status.and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{ended}")))
}

#[test]
fn a_typed_password_is_not_shown() {
    let test = TestContext::new();
    let session = on_terminal(&test, &["account", "add", "--user-id", "pat"]);
    let dialogue = [("Password of pat: ", PASSWORD), ("Password of pat again: ", PASSWORD)];
    let (screen, status) = answer(session, &dialogue);
    assert_eq!(status, 0, "{screen}");
    assert!(screen.contains("account pat of realm default: added"), "{screen}");
    assert!(!screen.contains(PASSWORD), "{screen}");

    let session = on_terminal(&test, &["password", "change", "--user-id", "pat"]);
    let dialogue = [
        ("Current password of pat: ", PASSWORD),
        ("New password: ", OTHER),
        ("New password again: ", OTHER),
    ];
    let (screen, status) = answer(session, &dialogue);
    assert_eq!(status, 0, "{screen}");
    assert!(!screen.contains(PASSWORD) && !screen.contains(OTHER), "{screen}");

    let session = on_terminal(&test, &["password", "check"]);
    let (screen, status) = answer(session, &[("Password to check: ", "hunter2")]);
    assert_eq!(status, 1, "{screen}");
    assert!(screen.contains("too-short") && !screen.contains("hunter2"), "{screen}");
}

/// A paste arrives as a whole before the second prompt. Its unread rest must not reach the shell.
#[test]
fn a_pasted_password_is_not_shown() {
    let test = TestContext::new();
    let script = "tty; sh -c 'echo $$; exec \"$0\" \"$@\"' \"$0\" \"$@\"; \
                  stty -icanon min 0 time 0; echo \"left: $(dd 2>/dev/null)\"";
    let mut session = in_shell(&test, script, &["account", "add", "--user-id", "pat"]);
    session.read_line().unwrap();
    let terminal = File::open(session.read_line().unwrap()).unwrap();
    let repass = Pid::from_raw(session.read_line().unwrap().parse().unwrap());
    let mut screen = session.exp_string("Password of pat: ").unwrap();

    // Stopped until the whole paste has arrived; input after its end would go to the shell.
    kill(repass, Signal::SIGSTOP).unwrap();
    let after_the_first = format!("{PASSWORD}\nand all this was pasted too much, far too much\n");
    session.send(&format!("{PASSWORD}\n{after_the_first}")).unwrap();
    let until = Instant::now() + TIMEOUT;
    // The terminal counts whole lines. The command may have read the first line before it stopped.
    while (rustix::io::ioctl_fionread(&terminal).unwrap() as usize) < after_the_first.len() {
        assert!(Instant::now() < until, "the paste does not arrive");
        thread::yield_now();
    }
    kill(repass, Signal::SIGCONT).unwrap();
    drop(terminal);

    let (rest, status) = answer(session, &[]);
    screen.push_str(&rest);
    assert_eq!(status, 0, "{screen}");
    assert!(screen.contains("account pat of realm default: added"), "{screen}");
    assert!(screen.contains("left: \r\n"), "{screen}");
    assert!(!screen.contains("sentence") && !screen.contains("too much"), "{screen}");
}

#[test]
fn two_different_inputs_are_refused() {
    let test = TestContext::new();
    let session = on_terminal(&test, &["account", "add", "--user-id", "pat"]);
    let dialogue = [("Password of pat: ", PASSWORD), ("again: ", OTHER)];
    let (screen, status) = answer(session, &dialogue);
    assert_eq!(status, 2, "{screen}");
    assert!(screen.contains("repass: the password and its repetition do not match"), "{screen}");
    test.run(&["account", "show", "--user-id", "pat"]).failed(1, &["no account pat"]);

    let session = on_terminal(&test, &["account", "add", "--user-id", "pat"]);
    let (screen, status) = answer(session, &[("Password of pat: ", "")]);
    assert_eq!(status, 2, "{screen}");
    assert!(screen.contains("repass: the password is empty"), "{screen}");
}

#[test]
fn an_existing_account_is_refused_before_the_prompt() {
    let test = TestContext::with_pat();
    let session = on_terminal(&test, &["account", "add", "--user-id", "pat"]);
    let (screen, status) = answer(session, &[]);
    assert_eq!(status, 1, "{screen}");
    assert!(screen.contains("has an account pat already"), "{screen}");
}

#[test]
fn ctrl_c_restores_the_echo() {
    let test = TestContext::new();
    let script = "\"$0\" \"$@\"; echo \"ended with $?\"; stty -a; read -r line";
    let mut session = in_shell(&test, script, &["password", "check"]);
    session.exp_string("Password to check: ").unwrap();
    session.send_control('c').unwrap();
    let before = session.exp_string("ended with 130").unwrap();
    assert!(before.contains("repass: interrupted"), "{before}");
    let modes = session.exp_string("echoctl").unwrap();
    assert!(modes.contains(" echo ") && modes.contains(" icanon "), "{modes}");
    session.send_line("").unwrap();
    session.exp_eof().unwrap();
}

#[test]
fn the_qr_code_is_black_on_white_on_a_terminal() {
    let test = TestContext::with_pat();
    let session = on_terminal(&test, &["otp", "enroll", "--user-id", "pat"]);
    let (screen, status) = answer(session, &[]);
    assert_eq!(status, 0, "{screen}");
    assert!(screen.contains("\u{1b}[38;5;16;48;5;231m"), "{screen}");
}
