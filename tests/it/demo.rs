//! `repassd demo`.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use repass_tests::binary;

pub(crate) struct Demo {
    child: Child,
    /// The headings of the vendors with their commands.
    commands: Vec<(String, Vec<String>)>,
    /// The commands of the admin API.
    admin: Vec<String>,
    /// The address of the page of the admin API.
    docs: String,
    /// The commands that run the examples.
    pub(crate) examples: Vec<String>,
    rest: BufReader<std::process::ChildStdout>,
}

impl Demo {
    pub(crate) fn start() -> Self {
        let mut child = Command::new(binary("repassd"))
            .args(["demo", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut rest = BufReader::new(child.stdout.take().unwrap());
        let mut commands: Vec<(String, Vec<String>)> = Vec::new();
        let (mut docs, mut examples) = (String::new(), Vec::new());
        loop {
            let mut line = String::new();
            assert!(rest.read_line(&mut line).unwrap() > 0, "the demo ended early");
            let line = line.trim_end();
            if let Some(heading) = line.strip_prefix("# ") {
                commands.push((heading.to_owned(), Vec::new()));
            } else if line.starts_with("curl ") {
                commands.last_mut().unwrap().1.push(line.to_owned());
            } else if let Some(address) = line.strip_prefix("Every call of the admin API: ") {
                address.clone_into(&mut docs);
            } else if line.starts_with("API=") {
                examples.push(line.to_owned());
                if examples.len() == 2 {
                    break;
                }
            }
        }
        let (heading, admin) = commands.pop().unwrap();
        assert!(heading.starts_with("admin API"), "{heading}");
        Self { child, commands, admin, docs, examples, rest }
    }

    pub(crate) fn stop(mut self) -> (Option<i32>, String) {
        let id = Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        kill(id, Signal::SIGINT).unwrap();
        let mut rest = String::new();
        self.rest.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

fn paste(command: &str) -> String {
    let output = Command::new("sh").arg("-c").arg(command).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn each_printed_command_changes_a_password_once_in_any_order() {
    let demo = Demo::start();
    let headings: Vec<&str> = demo.commands.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(headings, ["ecom", "etna", "zap", "customer", "fabric"]);
    let counts: Vec<usize> = demo.commands.iter().map(|(_, commands)| commands.len()).collect();
    assert_eq!(counts, [1, 1, 1, 2, 1]);

    let all: Vec<(String, String)> = demo
        .commands
        .iter()
        .flat_map(|(name, commands)| commands.iter().map(|c| (name.clone(), c.clone())))
        .collect();
    let succeeded = |name: &str, command: &str, answer: &str| match name {
        "ecom" => answer.contains("\"responseText\":\"password changed successfully\""),
        "etna" => answer.starts_with("HTTP/1.1 200 ") && answer.contains("content-length: 0"),
        "zap" => answer.trim() == r#"{"success":true,"data":"Password updated successfully"}"#,
        "customer" if command.contains("application/xml") => {
            answer.contains("<Success>true</Success></UpdateUserPasswordResponse>")
        }
        "customer" => {
            answer.trim() == r#"{"Success":true,"InvalidPassword":false,"ExceptionMessageList":[]}"#
        }
        "fabric" => answer.starts_with(r#"{"isActive":true,"#),
        _ => false,
    };
    for (name, command) in all.iter().rev() {
        let answer = paste(command);
        assert!(succeeded(name, command, &answer), "{name}: {answer}");
    }
    for (name, command) in &all {
        let answer = paste(command);
        assert!(!succeeded(name, command, &answer), "{name} a second time: {answer}");
    }
    let (code, rest) = demo.stop();
    assert_eq!(code, Some(0));
    assert!(rest.contains("6 passwords changed"), "{rest}");
}

#[test]
fn the_commands_of_the_admin_api_run_in_their_order() {
    let demo = Demo::start();
    let answers: Vec<serde_json::Value> =
        demo.admin.iter().map(|command| serde_json::from_str(&paste(command)).unwrap()).collect();
    let [created, verified, session, trail] = answers.as_slice() else { panic!("{answers:?}") };
    assert_eq!(created["user_id"], "kim");
    assert_eq!(verified["verified"], true);
    assert_eq!(verified["account"], *created);
    assert_eq!(session["access_token"].as_str().unwrap().len(), 43);
    let items = trail["items"].as_array().unwrap();
    let actions: Vec<_> = items.iter().map(|record| record["action"].as_str().unwrap()).collect();
    let expected =
        ["token.issue", "password.verify", "password.verify", "account.add", "key.issue"];
    assert_eq!(actions, expected);
    assert!(items[0]["caller"].as_str().unwrap().ends_with(":demo"), "{trail}");

    let again = paste(&demo.admin[0]);
    assert!(again.contains(r#""code":"user-id-taken""#), "{again}");
    let page = paste(&format!("curl -sS -i {}", demo.docs));
    assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("/accounts"), "{page}");
    demo.stop();
}

#[test]
fn two_demos_share_no_secret() {
    let (one, two) = (Demo::start(), Demo::start());
    let words = |demo: &Demo| -> std::collections::BTreeSet<String> {
        let text: String = demo
            .commands
            .iter()
            .flat_map(|(_, commands)| commands)
            .chain(&demo.admin)
            .chain(&demo.examples)
            .map(|command| format!("{command} "))
            .collect();
        text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_')
            .filter(|word| [32, 43].contains(&word.len()))
            .map(str::to_owned)
            .collect()
    };
    let (first, second) = (words(&one), words(&two));
    assert!(first.len() >= 15, "{}", first.len());
    assert!(first.is_disjoint(&second));
    one.stop();
    two.stop();
}
