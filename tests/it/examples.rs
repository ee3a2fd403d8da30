//! Each example does what its page says.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Output, Stdio};

use repass_tests::{FIRST_PASSWORD, Server, binary, workspace};

use crate::demo::Demo;
use crate::requests::GUID;

fn run(package: &str, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(binary(package))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn text(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

#[test]
fn policy_only() {
    let output = run(
        "example-policy-only",
        &[],
        "Tr0ub4dor&3\nall for Acme Corporation\nfine by me\na fine long one\n",
    );
    assert_eq!(
        text(&output).lines().map(|line| line.split(':').next().unwrap()).collect::<Vec<_>>(),
        ["too-short", "common", "too-short", "accepted"],
    );
}

#[test]
fn custom_store() {
    let output = run("example-custom-store", &[], "");
    assert!(output.status.success());
    assert_eq!(
        text(&output),
        "not changed: the account or its current password is wrong\n\
         refused:\n  The new password must have at least 15 characters.\n  \
         The new password is among those that many people use.\n\
         changed; version 2\n"
    );
}

#[test]
fn import_hashes() {
    let output = run("example-import-hashes", &[], "");
    assert!(output.status.success());
    let refused = "lou: refused: damaged pbkdf2 hash, perhaps cut off or changed by the export: the form is not \
                   pbkdf2_sha256$iterations$salt$tag";
    let expected =
        format!("{refused}\npat: added\nkim: added\n{refused}\npat: present\nkim: present\n");
    assert_eq!(text(&output), expected);
}

#[test]
fn axum_service() {
    let mut child = Command::new(binary("example-axum-service"))
        .arg("127.0.0.1:0")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut command = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut command).unwrap();
    let answer = Command::new("sh").arg("-c").arg(&command).output().unwrap();
    let own = command.split('/').nth(2).unwrap().to_owned();
    let page = Command::new("curl").arg("-sS").arg(format!("http://{own}/")).output().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(
        text(&answer),
        r#"{"Success":true,"InvalidPassword":false,"ExceptionMessageList":[]}"#
    );
    assert_eq!(text(&page), "the shop");
}

#[tokio::test(flavor = "multi_thread")]
async fn wire_client() {
    let server = Server::start().await;
    let operator = server.operator().await;
    operator.add("customer", GUID).await;
    let url = format!("http://{}", server.address);
    let arguments = ["--server", &url, "--user-id", GUID];
    let new = "something entirely new";
    let output = run("example-wire-client", &arguments, &format!("{FIRST_PASSWORD}\n{new}\n"));
    assert_eq!(text(&output), "changed\n");
    let xml = [arguments.as_slice(), &["--xml"]].concat();
    let refused = run("example-wire-client", &xml, &format!("{new}\nshort\n"));
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused).contains("at least 15 characters"), "{}", text(&refused));
    let output = run("example-wire-client", &xml, &format!("{new}\nyet another long one\n"));
    assert_eq!(text(&output), "changed\n");
    assert!(operator.is_password("customer", GUID, "yet another long one").await);
}

/// Runs the command of the demo for the example of `language`, twice.
fn run_on_demo(language: &str) {
    let demo = Demo::start();
    let folder = format!("examples/{language}/");
    let command = demo.examples.iter().find(|command| command.contains(&folder)).unwrap();
    for _ in 0..2 {
        let mut shell = Command::new("sh");
        let output = shell.arg("-c").arg(command).current_dir(workspace()).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        assert_eq!(
            text(&output).to_lowercase(),
            "signed in: true\nchanged: password updated successfully\nreset: true\n"
        );
    }
    let (_, rest) = demo.stop();
    assert!(rest.contains("4 passwords changed"), "{rest}");
}

#[test]
#[cfg_attr(node_missing, ignore = "needs Node 18 or later")]
fn node() {
    run_on_demo("node");
}

#[test]
#[cfg_attr(python_missing, ignore = "needs Python 3")]
fn python() {
    run_on_demo("python");
}
