//! Mistakes in the configuration: one clear line, and exit status 2.

use std::process::{Command, Output};

use repass_tests::{Server, binary};

fn repassd(arguments: &[&str]) -> Output {
    Command::new(binary("repassd")).args(arguments).output().unwrap()
}

fn refused(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("repassd.toml");
    std::fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    let mut messages = Vec::new();
    for command in ["check-config", "serve"] {
        let output = repassd(&[command, "--config", file]);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(output.stdout.is_empty());
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(message.lines().count(), 1, "{message}");
        assert!(message.starts_with("repassd: "), "{message}");
        assert!(message.contains(file), "{message}");
        messages.push(message);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing was made");
    assert_eq!(messages[0], messages[1]);
    messages.remove(0)
}

#[test]
fn mistakes_name_key_reason_and_file() {
    let good =
        "listen = '127.0.0.1:0'\n[store]\nurl = 'sqlite:///tmp/x.db'\n[api.zap]\nrealm = 'z'\n";
    for (from, to, key) in [
        ("listen = ", "lsiten = ", "lsiten"),
        ("'127.0.0.1:0'", "'0.0.0.0:8080'", "allow_plain_http"),
        ("'127.0.0.1:0'", "8080", "listen"),
        ("url = ", "uri = ", "uri"),
        ("sqlite://", "mysql://", "store.url"),
        ("/tmp/x.db", "/nonexistent/x.db", "store.url: the folder /nonexistent"),
        ("/tmp/x.db", "/dev", "store.url: the path /dev of the database names no file"),
        ("x.db'", "x.db'\nkey_file = 'none.key'", "store.key_file"),
        ("x.db'", "x.db'\n[admin_api]\nlisten = '0.0.0.0:0'", "admin_api.listen: this address"),
        ("x.db'", "x.db'\n[admin_api]\nlisten = '[::]:0'", "configure [admin_api.tls]"),
        ("x.db'", "x.db'\n[admin_api]\nlisten = 'systemd'", "admin_api.listen: must name"),
        ("x.db'", "x.db'\n[admin_api]\nlsiten = '127.0.0.1:0'", "lsiten"),
        (
            "'127.0.0.1:0'",
            "'127.0.0.1:8080'\n[admin_api]\nlisten = '127.0.0.1:8080'",
            "admin_api.listen: must differ",
        ),
        ("[api.zap]", "[api.zip]", "zip"),
        ("realm = 'z'", "realm = 'Z z'", "api.zap.realm"),
        ("realm = 'z'", "realm = 'z'\nenabled = 'x'", "api.zap.enabled"),
        ("realm = 'z'", "secure_otp = 5", "api.zap.secure_otp: unknown key"),
        ("realm = 'z'", "options = { secure_otp = 5 }", "api.zap.options.secure_otp"),
    ] {
        let message = refused(&good.replacen(from, to, 1));
        assert!(message.contains(key), "{key}: {message}");
    }
}

#[test]
fn a_log_file_that_cannot_be_opened_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (file, text) = (folder.path().join("repassd.toml"), "[log]\nfile = '.'\n[api.zap]\n");
    std::fs::write(&file, format!("[store]\nurl = 'sqlite:///tmp/x.db'\n{text}")).unwrap();
    let output = repassd(&["serve", "--config", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.starts_with("repassd: log.file: ") && message.contains("cannot be opened: "));
}

#[test]
fn the_configuration_is_shown_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("repassd.toml");
    let pepper = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let text = format!(
        "[store]\nurl = 'sqlite:///tmp/x.db'\n[hashing.peppers.k1]\nkey = '{pepper}'\n[api.zap]\n"
    );
    std::fs::write(&file, text).unwrap();
    let mut command = Command::new(binary("repassd"));
    command.env("REPASS_CONFIG", &file).env("REPASS_SERVER__MAX_CONNECTIONS", "7");
    let output = command.arg("show-config").output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(shown.contains("url = \"sqlite:///tmp/x.db\""), "{shown}");
    assert!(shown.contains("max_connections = \"7\"") && !shown.contains(pepper), "{shown}");
}

/// Proves L4.
#[tokio::test(flavor = "multi_thread")]
async fn l4_the_database_is_checked_as_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("repassd.toml");
    let check = |store: &str| {
        std::fs::write(&file, format!("[store]\n{store}\n[api.zap]\n")).unwrap();
        let output = repassd(&["check-config", "--config", file.to_str().unwrap()]);
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    };
    std::fs::write(folder.path().join("notes.txt"), "these are notes, and no database").unwrap();
    let url = format!("url = 'sqlite://{}/notes.txt'", folder.path().display());
    let (status, text) = check(&url);
    assert_eq!(status, Some(2), "{text}");
    assert!(text.contains("notes.txt is not a SQLite database"), "{text}");
    let (status, text) = check("url = 'sqlite:///proc/x.db'");
    assert_eq!(status, Some(2), "{text}");
    assert!(text.contains("store.url: ") && text.contains("runs as user"), "{text}");
    let key = folder.path().join("key");
    std::fs::write(&key, "A".repeat(43)).unwrap();
    let url = format!("url = 'postgres://u:hunter2@127.0.0.1:1/x'\nkey_file = '{}'", key.display());
    let (status, text) = check(&url);
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("Warning: the database could not be checked: "), "{text}");
    assert!(!text.contains("hunter2"), "{text}");

    let builder = Server::builder();
    builder.start().await.stop().await;
    let config = builder.write_config();
    let checked = || repassd(&["check-config", "--config", config.to_str().unwrap()]);
    assert_eq!(checked().status.code(), Some(0));
    let files = std::fs::read_dir(builder.folder()).unwrap().map(|entry| entry.unwrap().path());
    let keys = files.filter(|path| path.extension().is_some_and(|extension| extension == "key"));
    for path in keys {
        std::fs::write(path, "A".repeat(43)).unwrap();
    }
    let output = checked();
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("the keys do not match the database"), "{message}");
}

#[test]
fn a_missing_file_is_named() {
    let output = repassd(&["check-config", "--config", "/nonexistent/r.toml"]);
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("/nonexistent/r.toml"), "{message}");
    assert!(message.contains("No such file"), "{message}");
}

#[test]
fn a_good_file_is_explained_and_nothing_is_made() {
    let builder = Server::builder();
    let file = builder.write_config();
    let files = || std::fs::read_dir(builder.folder()).unwrap().count();
    let before = files();
    let output = repassd(&["check-config", "--config", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let url = builder.database().url();
    // The URL of a database on a server may hold its password.
    let database = if url.starts_with("sqlite:") { url.as_str() } else { "PostgreSQL" };
    assert_eq!(text.contains(&url), url.starts_with("sqlite:"));
    for expected in ["127.0.0.1:0", database, "ecom", "etna", "zap", "customer", "fabric"] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert_eq!(files(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_in_use_is_one_clear_line() {
    let server = Server::start().await;
    let address = server.address.to_string();
    let output = repassd(&["demo", "--listen", &address]);
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains(&format!("cannot listen on {address}")), "{message}");
}

/// Proves L6.
#[test]
fn l6_variables_of_a_kubernetes_service_are_no_mistakes() {
    let builder = Server::builder();
    let file = builder.write_config();
    let output = Command::new(binary("repassd"))
        .args(["check-config", "--config", file.to_str().unwrap()])
        .env("REPASS_SERVICE_HOST", "10.0.0.1")
        .env("REPASS_PORT", "tcp://10.0.0.1:8080")
        .env("REPASS_PORT_8080_TCP_ADDR", "10.0.0.1")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn completions_and_man_pages_are_made_for_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let output = repassd(&["completions", shell]);
        assert!(String::from_utf8(output.stdout).unwrap().contains("check-ready"), "{shell}");
    }
    let folder = tempfile::tempdir().unwrap();
    assert!(repassd(&["man", folder.path().to_str().unwrap()]).status.success());
    let page = std::fs::read_to_string(folder.path().join("repassd-serve.1")).unwrap();
    assert!(page.contains("REPASS_STORE__URL"), "{page}");
    let refused = repassd(&["man", "/none"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("/none"));
}
