//! The page `bins/repassd/LIFE-OF-AN-ACCOUNT.md`: its commands run in their order in one shell, on a
//! server with its configuration, and its answers are compared with those of the server.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use repass_tests::{binary, workspace};

/// A line between the outputs of two blocks.
const MARK: &str = "--- the next block ---";

/// A block of the page: its language, which is empty for answers, and its text.
type Block<'a> = (&'a str, &'a str);

fn blocks(page: &str) -> Vec<Block<'_>> {
    // Each second part of the page is in a block.
    let blocks = page.split("```").skip(1).step_by(2);
    blocks.map(|block| block.split_once('\n').unwrap()).collect()
}

/// A command with the programs of this workspace on its `PATH`, in `folder`.
fn shell(script: &str, folder: &Path) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).current_dir(folder);
    let programs = binary("repassd").parent().unwrap().to_owned();
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{path}", programs.display()));
    command.env("REPASS_HASHING__PROFILE", "insecure-for-tests");
    command
}

struct Serving {
    child: Child,
    /// Kept open, so that the server can write its log.
    _log: BufReader<ChildStderr>,
    api: String,
    admin_api: String,
}

impl Serving {
    /// Runs the page's command, and waits until the server listens.
    fn start(command: &str, folder: &Path) -> Self {
        let mut command = shell(&format!("exec {command}"), folder);
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut text = String::new();
        let address = |text: &str, message: &str| {
            let line = text.lines().find(|line| line.contains(message))?;
            let address = line.split("address=").nth(1)?.trim_end();
            Some(address.trim_matches('"').to_owned())
        };
        while !text.contains(" listening ") {
            assert!(log.read_line(&mut text).unwrap() > 0, "the server does not start:\n{text}");
        }
        let api = address(&text, " listening ").unwrap();
        let admin_api = address(&text, "serving the admin API").unwrap();
        Self { child, _log: log, api, admin_api }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether `text` is `pattern`, in which `…` stands for any text within a line.
fn is_like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('…');
    let Some(mut rest) = parts.next().and_then(|start| text.strip_prefix(start)) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[test]
fn the_commands_of_the_page_are_answered_as_the_page_shows() {
    let page = workspace().join("bins/repassd/LIFE-OF-AN-ACCOUNT.md");
    let page = std::fs::read_to_string(page).unwrap();
    let blocks = blocks(&page);
    let [("toml", config), ("sh", serve), steps @ ..] = blocks.as_slice() else {
        panic!("a configuration and the start of the server come first");
    };
    let folder = tempfile::tempdir().unwrap();
    let config = config.replace(":8080", ":0").replace(":8081", ":0");
    std::fs::write(folder.path().join("repassd.toml"), config).unwrap();
    let server = Serving::start(serve, folder.path());

    let mut script = String::new();
    let mut expected: Vec<&str> = Vec::new();
    for (language, text) in steps {
        match *language {
            "sh" => {
                script.push_str(&format!("{text}\nprintf '%s\\n' '{MARK}'\n"));
                expected.push("");
            }
            "" => *expected.last_mut().unwrap() = text,
            other => panic!("an unexpected block of {other}"),
        }
    }
    let script =
        script.replace("127.0.0.1:8080", &server.api).replace("127.0.0.1:8081", &server.admin_api);
    let output = shell(&script, folder.path()).output().unwrap();
    let received = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let received: Vec<&str> = received.split(&format!("{MARK}\n")).collect();
    assert_eq!(received.len(), expected.len() + 1, "{errors}");
    for (shown, received) in expected.iter().zip(&received) {
        let lines = shown.lines().zip(received.lines());
        let is_same = shown.lines().count() == received.lines().count()
            && lines.into_iter().all(|(shown, received)| is_like(shown, received));
        assert!(is_same, "shown:\n{shown}\nreceived:\n{received}\n{errors}");
    }
    assert!(expected.iter().filter(|shown| !shown.is_empty()).count() > 15);
}

#[test]
fn the_scopes_in_the_manual_name_every_path_of_the_admin_api() {
    let output = Command::new(binary("repassd")).args(["openapi", "admin"]).output().unwrap();
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let manual = std::fs::read_to_string(workspace().join("bins/repassd/README.md")).unwrap();
    let (_, table) = manual.split_once("| scope | allows").unwrap();
    let table = table.split("\n\n").next().unwrap();
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() > 20, "{}", paths.len());
    for path in paths.keys() {
        let path = path.strip_prefix("/admin/v1/realms/{realm}").unwrap();
        assert!(table.contains(&format!(" {path}`")), "{path} is not in\n{table}");
    }
}

#[test]
fn an_ellipsis_stands_for_any_text() {
    assert!(is_like("a…c…e", "abcde") && is_like("a…", "a") && is_like("abc", "abc"));
    for text in ["abcd", "bcde", "ace ", "ae"] {
        assert!(!is_like("a…c…e", text), "{text}");
    }
}
