//! The panic hook keeps the message of a panic out of standard error. Tested in a process of its
//! own, since the hook is global.

use std::process::Command;

#[test]
fn a_panic_prints_its_location_and_not_its_message() {
    if std::env::var_os("PANIC_ON_PURPOSE").is_some() {
        repass_http::install_redacting_panic_hook();
        panic!("the password is {}", "hunter2");
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_panic_prints_its_location_and_not_its_message", "--nocapture"])
        .env("PANIC_ON_PURPOSE", "1")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success());
    assert!(printed.contains("panic_messages.rs:"), "{printed}");
    assert!(printed.contains("(message withheld)"), "{printed}");
    assert!(!printed.contains("hunter2"), "{printed}");
}
