//! With the crate's panic hook a panic's message reaches neither standard error nor the log. In a
//! process of its own, since a hook is the whole process's.

use std::process::Command;

#[test]
fn a_panics_message_is_withheld_and_its_place_is_told() {
    if std::env::var_os("PANIC_ON_PURPOSE").is_some() {
        repass_http::install_redacting_panic_hook();
        panic!("the password is {}", "hunter2");
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_panics_message_is_withheld_and_its_place_is_told", "--nocapture"])
        .env("PANIC_ON_PURPOSE", "1")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success());
    assert!(told.contains("panic_messages.rs:"), "{told}");
    assert!(told.contains("(message withheld)"), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
}
