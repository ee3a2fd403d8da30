//! `account import` with valid and invalid files.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};
use std::time::Duration;

use repass_core::{AccountWithCredential, Subject};
use repass_store::{Store, StoreOptions};
use serde_json::{Value, json};

use crate::test_context::{PASSWORD, Run, TestContext};

/// From `wrapper.c` of Openwall's crypt_blowfish.
pub const BCRYPT: &str = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

/// From the test program of the reference implementation.
pub const ARGON2: &str =
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

impl TestContext {
    fn file(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// Writes the file, and imports it.
    pub fn import(&self, name: &str, text: impl AsRef<[u8]>, more: &[&str]) -> Run {
        self.file(name, text);
        self.run(&[&["account", "import", name], more].concat())
    }

    pub fn shown(&self, realm: &str, user_id: &str) -> Value {
        self.json(&["account", "show", "--realm", realm, "--user-id", user_id], "")
    }

    /// Reads the account with its hash from the store.
    pub fn found(&self, realm: &str, user_id: &str) -> Option<AccountWithCredential> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = Store::open(&self.url(), &StoreOptions::default()).await.unwrap();
            let subject = Subject::new(realm.parse().unwrap(), user_id);
            let found = store.ports().find(&subject).await.unwrap();
            store.close().await.unwrap();
            found
        })
    }

    pub fn hash(&self, realm: &str, user_id: &str) -> String {
        let found = self.found(realm, user_id).unwrap();
        found.credential.unwrap().hash.as_str().to_owned()
    }

    /// The details of the audit records of imports, newest first.
    fn import_records(&self) -> Vec<Value> {
        let records = self.json(&["audit", "list", "--limit", "10000"], "");
        let records = records.as_array().unwrap().iter();
        records
            .filter(|record| record["action"] == "account.import")
            .map(|record| record["detail"].clone())
            .collect()
    }

    fn count(&self) -> usize {
        let listed = self.json(&["account", "list", "--limit", "10000"], "");
        listed.as_array().unwrap().len()
    }
}

#[test]
fn a_csv_file_is_imported_once() {
    let test = TestContext::new();
    let text = format!(
        "\u{feff}email,user_id,realm,username,active,given_name,family_name,attributes,created_at,\
         updated_at,password_changed_at,password_hash\r\n\
         pat@example.org,pat,,patty,yes,Pat,\"Kake, \"\"jr\"\"\r\nof nowhere\",\
         \"{{\"\"roles\"\":[\"\"customer\"\"]}}\",2020-02-29T12:00:00Z,2021-01-01T00:00:00+01:00,\
         2020-06-01T00:00:00Z,{BCRYPT}\r\n\r\n\
         ,kim,other,,0,,,,,,,\"{ARGON2}\""
    );
    let run = test.import("users.csv", &text, &["--realm", "shop"]).succeeded();
    assert_eq!(run.stdout, "2 rows: 2 added, 0 present, 0 refused\n");
    assert!(run.stderr.lines().all(|line| line.contains("installation key")), "{}", run.stderr);

    let pat = test.shown("shop", "pat");
    assert_eq!(pat["email"], "pat@example.org");
    assert_eq!((&pat["username"], &pat["active"]), (&json!("patty"), &json!(true)));
    assert_eq!(pat["profile"]["given_name"], "Pat");
    assert_eq!(pat["profile"]["family_name"], "Kake, \"jr\"\r\nof nowhere");
    assert_eq!(pat["profile"]["attributes"], json!({ "roles": ["customer"] }));
    assert_eq!(pat["created_at"], "2020-02-29T12:00:00Z");
    assert_eq!(pat["updated_at"], "2020-12-31T23:00:00Z");
    let password = json!({ "version": 1, "changed_at": "2020-06-01T00:00:00Z" });
    assert_eq!(pat["password"], password);
    assert_eq!(test.hash("shop", "pat"), BCRYPT);
    assert_eq!(test.shown("other", "kim")["active"], false);
    assert_eq!(test.hash("other", "kim"), ARGON2);
    assert_eq!(test.import_records(), ["added=1,present=0"; 2], "one for each realm");

    let before = test.found("shop", "pat");
    let run = test.import("users.csv", &text, &["--realm", "shop"]).succeeded();
    assert_eq!(run.stdout, "2 rows: 0 added, 2 present, 0 refused\n");
    assert_eq!(run.stderr, "");
    assert_eq!(test.found("shop", "pat"), before);
    assert_eq!(test.import_records().len(), 2, "nothing was written");
}

#[test]
fn json_lines_are_imported_from_stdin() {
    let test = TestContext::new();
    let rows = [
        json!({ "user_id": "pat", "email": null, "attributes": { "a": [1, { "b": null }] },
                "password_hash": BCRYPT }),
        json!({ "user_id": "kim", "realm": "shop", "active": false, "middle_name": "🔑" }),
    ];
    let text = rows.map(|row| format!("{row}\r\n")).concat();
    let import = ["account", "import", "-", "--format", "jsonl"];
    let tally = test.json(&import, &text);
    let expected = json!({ "read": 2, "added": 2, "present": 0, "refused": 0, "dry_run": false,
                           "complete": true });
    assert_eq!(tally, expected);
    let pat = test.shown("default", "pat");
    assert_eq!(pat["profile"]["attributes"], json!({ "a": [1, { "b": null }] }));
    let kim = test.shown("shop", "kim");
    assert_eq!((&kim["password"], &kim["profile"]["middle_name"]), (&json!(null), &json!("🔑")));
    assert_eq!(test.json(&import, &text)["present"], 2);

    test.run_with(&["account", "import", "-"], &text).failed(2, &["--format", "stdin"]);
    let again = test.import("users.NDJSON", &text, &[]).succeeded();
    assert_eq!(again.stdout, "2 rows: 0 added, 2 present, 0 refused\n");
}

/// Every row but the first and the last is invalid.
#[test]
fn invalid_rows_are_reported_by_line_and_do_not_affect_others() {
    let test = TestContext::new();
    let columns = "user_id,realm,email,username,active,attributes,created_at,password_hash,\
                   hash_salt,hash_format";
    let row = |cells: [&str; 10]| cells.map(|cell| format!("\"{}\"", cell.replace('"', "\"\"")));
    let costly = BCRYPT.replace("$05$", "$31$");
    let long = "x".repeat(256 * 1024);
    let rows = [
        (["", "", "", "", "", "", "", "", "", ""], "user_id is missing"),
        (["a\u{7}", "", "", "", "", "", "", "", "", ""], "user_id: a user id is 1 to 320 bytes"),
        (["a", "Shop", "", "", "", "", "", "", "", ""], "realm: a realm is 1 to 64"),
        (["a", "", "nobody", "", "", "", "", "", "", ""], "an e-mail address reads"),
        (["a", "", "", "b\nc", "", "", "", "", "", ""], "no control characters"),
        (["a", "", "", "", "maybe", "", "", "", "", ""], "active is neither"),
        (["a", "", "", "", "", "[1]", "", "", "", ""], "attributes is not a JSON object"),
        (["a", "", "", "", "", "", "2020-02-30", "", "", ""], "created_at is not a time"),
        (["a", "", "", "", "", "", "", "s3cret", "", ""], "the hash is of no known family"),
        (["a", "", "", "", "", "", "", &BCRYPT[..50], "", ""], "damaged bcrypt hash"),
        (["a", "", "", "", "", "", "", &costly, "", ""], "out of bounds: cost is 31"),
        (["a", "", "", "", "", "", "", BCRYPT, "s3cret", ""], "a salt is not expected"),
        (["a", "", "", "", "", "", "", "", "s3cret", ""], "hash_salt without password_hash"),
        (["a", "", "", "", "", "", "", "s3cret", "", "md5"], "hash_format is not the name"),
        (["a", "", "", "", "", "", "", "", "", BCRYPT], ""),
        (["a", "", "", "", "", "", "", "x", "", BCRYPT], "hash_format is not the name"),
        ([&long, "", "", "", "", "", "", "", "", ""], "more than 262144 bytes"),
    ];
    let mut text = format!("{columns}\nfirst,,,,,,,,,\n");
    let mut expected = Vec::new();
    let mut line = 3;
    for (cells, reason) in rows {
        // A format without a hash is valid.
        if !reason.is_empty() {
            expected.push((line, reason));
        }
        let row = row(cells).join(",");
        line += row.matches('\n').count() + 1;
        text.push_str(&row);
        text.push('\n');
    }
    text.push_str("short\n\"open,,,,,,,,,\nlast,,,,,,,,,\n");
    expected.push((line, "the row has 1 cells instead of 10"));
    expected.push((line + 1, "a quote is not closed"));

    for more in [["--dry-run"].as_slice(), &[]] {
        if !more.is_empty() {
            test.run(&["account", "add", "--user-id", "zoe", "--no-password"]).succeeded();
        }
        let run = test.import("users.csv", &text, more);
        assert_eq!(run.status, 1, "{}", run.stderr);
        assert!(run.stdout.contains(&format!(", {} refused", expected.len())), "{}", run.stdout);
        let printed: Vec<&str> = run.stderr.lines().collect();
        assert_eq!(printed.len(), expected.len() + 1, "{}", run.stderr);
        for (printed, (line, reason)) in printed.iter().zip(&expected) {
            assert!(printed.starts_with(&format!("users.csv:{line}: ")), "{printed}: {reason}");
            assert!(printed.contains(reason), "{printed}: {reason}");
        }
        assert_eq!(
            printed[expected.len()],
            format!("repass: {} rows were refused", expected.len())
        );
        for secret in ["s3cret", &BCRYPT[8..40]] {
            assert!(!run.stderr.contains(secret), "{secret}");
        }
    }
    for user_id in ["first", "a", "last"] {
        assert!(test.found("default", user_id).is_some(), "{user_id}");
    }
    assert_eq!(test.count(), 4);

    let run = test.run(&["account", "import", "users.csv", "--json"]);
    assert_eq!(run.status, 1);
    assert_eq!(run.json()["refused"], expected.len());
    let lines: Vec<Value> =
        run.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["refused"]["line"], expected[0].0);
    assert_eq!(lines[0]["refused"]["file"], "users.csv");
    assert_eq!(lines[0]["refused"]["message"], expected[0].1);
    assert_eq!(lines[expected.len()]["error"]["code"], "rows-refused");
}

#[test]
fn an_invalid_file_is_refused_before_a_database_is_created() {
    let test = TestContext::new();
    let utf16: Vec<u8> =
        "\u{feff}user_id\npat\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (name, bytes, parts) in [
        ("a.csv", b"".as_slice(), ["a.csv", "the file is empty"].as_slice()),
        ("a.csv", b"user_id,mail\npat,x\n", &["unknown: mail; known are user_id, realm, email"]),
        ("a.csv", b"email\nx@example.org\n", &["no column user_id"]),
        ("a.csv", b"user_id,email,email\n", &["email is given twice"]),
        ("a.csv", b"user_id,Password\npat,hunter2\n", &["passwords are not imported"]),
        ("a.csv", b"pat,$2a$05$CCCCCCCCCCCCCCCCCCCCC.\n", &["pat, number 2, which is not a name"]),
        ("a.csv", &utf16, &["a.csv", "not UTF-8"]),
        ("a.jsonl", b"{\"user_id\":\"pat\",\"password\":\"hunter2\"}", &["password_hash"]),
        ("a.jsonl", b"{\"user_id\":\"pat\",\"mail\":\"x\"}", &["a.jsonl", "unknown: mail"]),
        ("a.txt", b"user_id\n", &["--format", "a.txt"]),
    ] {
        let run = test.import(name, bytes, &[]).failed(2, parts);
        assert!(!run.stderr.contains("hunter2") && !run.stderr.contains("CCCC"), "{}", run.stderr);
    }
    test.run(&["account", "import", "none.csv"]).failed(2, &["none.csv", "No such file"]);
    test.run(&["account", "import"]).failed(2, &["<FILE>"]);
    test.run(&["account", "import", "a.csv", "--format", "xml"]).failed(2, &["csv, jsonl"]);
    let error = test.run(&["account", "import", "a.csv", "--json"]).json_error(2);
    assert_eq!(error["code"], "invalid-file");
    assert!(!test.database().exists());
}

#[test]
fn existing_accounts_are_not_changed() {
    let test = TestContext::new();
    let text = format!("user_id,email,active,password_hash\npat,pat@example.org,1,\"{ARGON2}\"\n");
    test.import("users.csv", &text, &[]).succeeded();
    test.add("kim", &["--email", "kim@example.org"]);
    // ARGON2 is a hash of "password".
    let change = format!("password\n{PASSWORD}\n");
    test.run_with(&["password", "change", "--user-id", "pat"], change).succeeded();
    let before = (test.found("default", "pat"), test.found("default", "kim"));
    assert_eq!(before.0.as_ref().unwrap().credential.as_ref().unwrap().version, 2);

    let run = test.import("users.csv", &text, &[]).succeeded();
    assert_eq!(
        (run.stdout.as_str(), run.stderr.as_str()),
        ("1 row: 0 added, 1 present, 0 refused\n", "")
    );
    let other = format!(
        "user_id,email,username,active,password_hash\nKIM,,,,\nkim,k@example.org,kimmy,0,{BCRYPT}\n\
         pat,PAT@example.org,,yes,{BCRYPT}\n"
    );
    let run = test.import("others.csv", &other, &[]).succeeded();
    assert_eq!(run.stdout, "3 rows: 1 added, 2 present, 0 refused\n");
    let warning = "others.csv:3: warning: the account exists with a different email, username, \
                   active; not changed\n";
    assert_eq!(run.stderr, warning);
    let run = test.run(&["account", "import", "others.csv", "--json"]).succeeded();
    let warning: Value = serde_json::from_str(&run.stderr).unwrap();
    assert_eq!(warning["warning"]["code"], "account-differs");
    assert_eq!(warning["warning"]["line"], 3);
    assert_eq!((test.found("default", "pat"), test.found("default", "kim")), before);
    let changed = format!("{PASSWORD}\nanother entirely fine sentence\n");
    test.run_with(&["password", "change", "--user-id", "pat"], changed).succeeded();
}

/// Proves C2.
#[test]
fn a_dry_run_writes_nothing_and_reports_all_rows() {
    let test = TestContext::new();
    let text = format!("user_id,email,password_hash\npat,,{BCRYPT}\nkim,no,\nlou,,\npat,,\n");
    let dry = ["--dry-run"];
    let run = test.import("users.csv", &text, &dry);
    assert_eq!(run.status, 1);
    assert!(
        run.stderr.starts_with("there is no database; only the rows are checked\nusers.csv:3: ")
    );
    let printed = "4 rows: 2 would be added, 1 present, 1 refused; nothing was written\n";
    assert_eq!(run.stdout, printed);
    assert!(!test.database().exists());

    test.add("lou", &["--no-password"]);
    let run = test.import("users.csv", &text, &dry);
    assert_eq!(run.status, 1);
    let printed = "4 rows: 1 would be added, 2 present, 1 refused; nothing was written\n";
    assert_eq!(run.stdout, printed);
    assert!(
        run.stderr.starts_with("users.csv:3: email: an e-mail address reads"),
        "{}",
        run.stderr
    );
    assert_eq!((test.count(), test.import_records().len()), (1, 0));
    let tally = test.run(&["account", "import", "users.csv", "--dry-run", "--json"]).json();
    assert_eq!((&tally["added"], &tally["dry_run"]), (&json!(1), &json!(true)));
}

/// An import that reads its rows from this process.
struct Piped {
    child: Child,
}

impl Piped {
    fn start(test: &TestContext) -> Self {
        let mut command = test.command();
        command.args(["account", "import", "-", "--format", "csv"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut piped = Self { child: command.spawn().unwrap() };
        piped.write("user_id,password_hash,attributes\n");
        piped
    }

    fn write(&mut self, text: &str) {
        self.child.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn rows(numbers: std::ops::Range<usize>, attributes: &str) -> String {
        numbers.map(|number| format!("user-{number},{BCRYPT},{attributes}\n")).collect()
    }
}

/// More rows than one batch read ahead and the pipe can hold, so that some are written before all
/// are sent.
const MANY: usize = 5_000;

fn wait_for_accounts(test: &TestContext) -> usize {
    loop {
        let run = test.run(&["account", "list", "--limit", "10000"]);
        let accounts = run.stdout.lines().count().saturating_sub(1);
        if run.status == 0 && accounts > 0 {
            return accounts;
        }
    }
}

#[test]
fn sigkill_leaves_whole_batches_and_a_second_run_completes_the_import() {
    let test = TestContext::new();
    let mut import = Piped::start(&test);
    import.write(&Piped::rows(0..MANY, ""));
    wait_for_accounts(&test);
    import.child.kill().unwrap();
    import.child.wait().unwrap();

    let accounts = test.count();
    assert!((1..=MANY).contains(&accounts), "{accounts}");
    assert_eq!(accounts % 500, 0, "a batch is written as a whole");
    let records = test.import_records();
    assert_eq!(records, vec!["added=500,present=0"; accounts / 500]);
    for number in [0, accounts - 1] {
        assert_eq!(test.hash("default", &format!("user-{number}")), BCRYPT);
    }

    let all = format!("user_id,password_hash,attributes\n{}", Piped::rows(0..MANY, ""));
    let run = test.import("all.csv", all, &[]).succeeded();
    let (added, total) = (MANY - accounts, MANY);
    assert_eq!(run.stdout, format!("{total} rows: {added} added, {accounts} present, 0 refused\n"));
    assert_eq!(test.count(), MANY);
}

#[cfg(unix)]
fn interrupt(child: &Child) {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGINT).unwrap();
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_between_two_batches_with_a_summary() {
    let test = TestContext::new();
    let mut import = Piped::start(&test);
    import.write(&Piped::rows(0..MANY, ""));
    wait_for_accounts(&test);
    // stdin is still open, so the import waits for more rows.
    interrupt(&import.child);
    let stdin = import.child.stdin.take();
    let output = import.child.wait_with_output().unwrap();
    drop(stdin);
    assert_eq!(output.status.code(), Some(130));
    let summary = String::from_utf8(output.stdout).unwrap();
    let accounts = test.count();
    let expected = format!(
        "{accounts} rows: {accounts} added, 0 present, 0 refused; the file was not read completely\n"
    );
    assert_eq!(summary, expected);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.ends_with("repass: interrupted\n"), "{stderr}");
    assert_eq!(accounts % 500, 0);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_an_import_that_waits_for_stdin() {
    let test = TestContext::new();
    let mut command = test.command();
    command.args(["account", "import", "-", "--format", "csv"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let stdin = child.stdin.take();
    // Before the handler is installed, the signal ends the process, or is ignored if the test
    // process ignores it. So it is sent repeatedly.
    while child.try_wait().unwrap().is_none() {
        interrupt(&child);
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    assert!([None, Some(130)].contains(&output.status.code()), "{:?}", output.status);
    assert!(!test.database().exists());
}

/// All rows together would take about 100 MB.
#[cfg(target_os = "linux")]
#[test]
fn memory_is_bounded_for_large_files() {
    const ROWS: usize = 100_000;
    const MAX_KIB: u64 = 64 * 1024;

    let test = TestContext::new();
    let mut import = Piped::start(&test);
    let attributes = format!("\"{{\"\"text\"\":\"\"{}\"\"}}\"", "x".repeat(200));
    for first in (0..ROWS).step_by(1_000) {
        import.write(&Piped::rows(first..first + 1_000, &attributes));
    }
    // And one row of 100 MB.
    let endless = "x".repeat(1024 * 1024);
    for _ in 0..100 {
        import.write(&endless);
    }
    import.write("\n");
    // stdin is still open, so the process is running.
    let status = format!("/proc/{}/status", import.child.id());
    let status = std::fs::read_to_string(status).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < MAX_KIB, "{peak} KiB");

    let mut lines = BufReader::new(import.child.stderr.take().unwrap()).lines();
    drop(import.child.stdin.take());
    let printed: Vec<String> = lines.by_ref().map(Result::unwrap).collect();
    let output = import.child.wait_with_output().unwrap();
    let summary = String::from_utf8(output.stdout).unwrap();
    assert_eq!(summary, "100001 rows: 100000 added, 0 present, 1 refused\n");
    let printed: Vec<&str> = printed.iter().map(String::as_str).collect();
    let [_, progress, refused, last] = printed.as_slice() else { panic!("{printed:?}") };
    assert_eq!(*progress, "100000 rows: 100000 added, 0 present, 0 refused");
    assert_eq!(*refused, "stdin:100002: the row has more than 262144 bytes");
    assert_eq!(*last, "repass: 1 rows were refused");
}

#[cfg(unix)]
#[test]
fn a_terminal_shows_a_progress_bar_and_then_the_summary() {
    let test = TestContext::new();
    let rows = format!("user_id,password_hash,attributes\n{}", Piped::rows(0..1_000, ""));
    test.file("users.csv", rows);
    let mut command = test.command();
    command.env("TERM", "xterm").args(["account", "import", "users.csv"]);
    let mut session = rexpect::session::spawn_command(command, Some(60_000)).unwrap();
    session.exp_string("0%").unwrap();
    session.exp_string("1000 rows: 1000 added, 0 present, 0 refused").unwrap();
    session.exp_eof().unwrap();
}

#[test]
fn an_import_creates_a_missing_database() {
    let test = TestContext::new();
    let run = test.import("users.csv", "user_id\npat\n", &[]).succeeded();
    assert!(run.stderr.contains("created the installation key"), "{}", run.stderr);
    assert!(test.found("default", "pat").is_some());
}

/// Proves C2.
#[test]
fn c2_ambiguous_values_are_refused_with_what_is_accepted() {
    let test = TestContext::new();
    let text = "User_ID;Created_At;Active\n\
                a;2024-02-29 13:00:00+01;TRUE\n\
                b;2024-02-29 13:00:00;t\n\
                c;2999-01-01T00:00:00Z;\\N\n\
                \" d\";;\n\
                e;;on\n";
    let run = test.import("users.csv", text, &[]);
    assert_eq!((run.status, test.count()), (1, 1), "{}", run.stderr);
    for part in [
        "users.csv:3: created_at is not a time with its offset, such as 2024-02-29T12:00:00Z or",
        "users.csv:4: created_at is in the future",
        "users.csv:5: user_id begins or ends with white space",
        "users.csv:6: active is neither true nor false (in CSV also t, yes,",
    ] {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
    let run = test.import("ids.jsonl", "{\"user_id\":4711}\n", &[]).succeeded();
    assert_eq!(run.stdout, "1 row: 1 added, 0 present, 0 refused\n");
}
