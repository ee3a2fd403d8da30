//! Compares the requirements with the tests that prove them, and writes `REQUIREMENTS.md`.
//!
//! The requirements are the lines of `requirements.tsv` and the rows of the vendors' pages. The
//! tests are found by the `Proves` lines of their comments; README.md says how to write one.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

const UPDATE: &str = "UPDATE=1 cargo test -p repass-tests --test requirements";

/// The families of ids, and their headings.
const FAMILIES: [(&str, &str); 17] = [
    ("NIST", "NIST SP 800-63B-4"),
    ("ASVS", "OWASP ASVS 5.0"),
    ("OWASP", "OWASP password storage"),
    ("RFC", "RFCs"),
    ("W", "W: the wire and the listener"),
    ("L", "L: logs, readiness, start"),
    ("K", "K: keys and secrets"),
    ("H", "H: stored hashes"),
    ("P", "P: PostgreSQL"),
    ("A", "A: audit, events, mail"),
    ("C", "C: the command line"),
    ("E", "E: embedding"),
    ("ECOM", "ecom"),
    ("ETNA", "etna"),
    ("ZAP", "zap"),
    ("CUSTOMER", "customer"),
    ("FABRIC", "fabric"),
];

struct Requirement {
    id: String,
    text: String,
    is_open: bool,
    tests: Vec<String>,
}

impl Requirement {
    /// Returns the letters with which its id begins.
    fn family(&self) -> &str {
        self.id.split(|c: char| !c.is_ascii_uppercase()).next().unwrap_or_default()
    }
}

#[test]
fn every_requirement_has_a_test_and_the_page_names_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut problems = Vec::new();
    let mut requirements = requirements(root, &mut problems);
    let sources = sources(root);
    for (file, text) in &sources {
        for (id, test) in claims(file, text, &sources, &mut problems) {
            match requirements.iter_mut().find(|requirement| requirement.id == id) {
                Some(requirement) => requirement.tests.push(test),
                None => problems.push(format!("{test} proves {id}, which is not a requirement")),
            }
        }
    }
    for Requirement { id, is_open, tests, .. } in &requirements {
        match tests.first() {
            None if !is_open => {
                problems.push(format!("no test proves {id}, and it is not marked as open"));
            }
            Some(test) if *is_open => {
                problems.push(format!("{test} proves {id}, which is still marked as open"));
            }
            _ => {}
        }
    }
    let (file, page) = (root.join("tests/REQUIREMENTS.md"), page(&requirements));
    if std::env::var_os("UPDATE").is_some_and(|update| update == "1") {
        fs::write(&file, &page).unwrap();
    }
    if fs::read_to_string(&file).unwrap_or_default() != page {
        problems.push(format!("tests/REQUIREMENTS.md is out of date; run {UPDATE}"));
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

/// Reads `requirements.tsv` and the rows of the vendors' pages.
fn requirements(root: &Path, problems: &mut Vec<String>) -> Vec<Requirement> {
    let mut requirements: Vec<Requirement> = Vec::new();
    let mut add = |id: &str, text: &str, mark: Option<&str>| {
        let (id, text) = (id.to_owned(), text.to_owned());
        let requirement = Requirement { id, text, is_open: mark.is_some(), tests: Vec::new() };
        let id = &requirement.id;
        if mark.is_some_and(|mark| mark != "open") {
            problems.push(format!("{id}: the third column must be `open` or absent"));
        }
        if FAMILIES.iter().all(|(family, _)| *family != requirement.family()) {
            problems.push(format!("{id} has no known family"));
        }
        if requirements.iter().any(|other| other.id == *id) {
            problems.push(format!("{id} is in the list twice"));
        }
        requirements.push(requirement);
    };
    let list = fs::read_to_string(root.join("tests/requirements.tsv")).unwrap();
    for line in list.lines() {
        let mut columns = line.split('\t');
        add(columns.next().unwrap(), columns.next().unwrap_or_default(), columns.next());
    }
    for folder in entries(&root.join("crates")) {
        let is_vendor = folder.file_name().unwrap().to_str().unwrap().starts_with("spec-");
        let page = folder.join("README.md");
        if is_vendor && page.exists() {
            for (id, text) in fs::read_to_string(page).unwrap().lines().filter_map(row) {
                add(id, text, None);
            }
        }
    }
    requirements
}

/// Reads a row of a vendor's page such as `| ZAP-7 | The requirement. |`.
fn row(line: &str) -> Option<(&str, &str)> {
    let (id, rest) = line.strip_prefix("| ")?.split_once(" | ")?;
    let (vendor, number) = id.split_once('-')?;
    let is_vendor = ["ECOM", "ETNA", "ZAP", "CUSTOMER", "FABRIC"].contains(&vendor);
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let text = rest.split_once(" |").map_or(rest, |(text, _)| text);
    (is_vendor && is_number).then_some((id, text.trim()))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

/// Returns the paths and texts of the Rust files of the repository and the scripts of `.ci`.
fn sources(root: &Path) -> BTreeMap<String, String> {
    let mut sources = BTreeMap::new();
    let mut folders: Vec<_> =
        ["tests", "crates", "bins", "examples", ".ci"].map(|folder| root.join(folder)).into();
    while let Some(folder) = folders.pop() {
        let is_ci = folder.ends_with(".ci");
        for path in entries(&folder) {
            let extension = path.extension();
            if path.is_dir() {
                if !path.ends_with("target") {
                    folders.push(path);
                }
            } else if extension.map_or(is_ci, |extension| extension == "rs") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
                sources.insert(name, fs::read_to_string(path).unwrap());
            }
        }
    }
    sources
}

/// Returns the ids in the `Proves` lines of a file, each with its test.
fn claims(
    file: &str,
    text: &str,
    sources: &BTreeMap<String, String>,
    problems: &mut Vec<String>,
) -> Vec<(String, String)> {
    let mut claims = Vec::new();
    let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
    let is_rust = file.ends_with(".rs");
    let file_prefix = if is_rust { "//! Proves " } else { "# Proves " };
    for (at, line) in lines.iter().enumerate() {
        let (ids, test) = if let Some(ids) = line.strip_prefix(file_prefix) {
            (ids, Some(file.to_owned()))
        } else if let Some(ids) = line.strip_prefix("/// Proves ") {
            (ids, test_below(&lines[at..], sources).map(|name| format!("{file}::{name}")))
        } else {
            continue;
        };
        match (ids.strip_suffix('.'), test) {
            (None, _) => problems.push(format!("{file}: no full stop ends `{line}`")),
            (_, None) => problems.push(format!("{file}: no test follows `{line}`")),
            (Some(ids), Some(test)) => {
                claims.extend(ids.split(", ").map(|id| (id.to_owned(), test.clone())));
            }
        }
    }
    claims
}

/// Returns the name of the function below a comment if it is a test, by its attribute or by a list
/// of tests.
fn test_below<'a>(lines: &[&'a str], sources: &BTreeMap<String, String>) -> Option<&'a str> {
    let is_above = |line: &&&str| line.starts_with("///") || line.starts_with("#[");
    let above = lines.iter().take_while(is_above).count();
    let (before, after) = lines.get(above)?.split_once("fn ")?;
    let is_head = before.chars().all(|c| c.is_ascii_alphanumeric() || "():_ ".contains(c));
    let name = after.split(|c: char| !is_name_character(c)).next().filter(|_| is_head)?;
    let is_attribute =
        |line: &&str| line.starts_with("#[test]") || line.starts_with("#[tokio::test");
    let is_test = lines[..above].iter().any(is_attribute);
    (is_test || sources.values().any(|text| is_listed(name, text))).then_some(name)
}

/// Whether the text names a function outside its definition, as lists of tests do.
fn is_listed(name: &str, text: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        !before.ends_with("fn ")
            && !before.ends_with(is_name_character)
            && !after.starts_with(is_name_character)
    })
}

fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn page(requirements: &[Requirement]) -> String {
    let mut page = format!(
        "# Requirements and the tests that prove them\n\n\
         Written by `{UPDATE}`; do not edit. [README.md](README.md) says how.\n"
    );
    for (family, heading) in FAMILIES {
        let mut of_family = requirements.iter().filter(|it| it.family() == family).peekable();
        if of_family.peek().is_some() {
            write!(page, "\n## {heading}\n\n| id | requirement | tests |\n| --- | --- | --- |\n")
                .unwrap();
        }
        for Requirement { id, text, is_open, tests } in of_family {
            let mut tests: Vec<_> = tests.iter().map(|test| format!("`{test}`")).collect();
            tests.sort();
            let tests = if *is_open { "open".to_owned() } else { tests.join("<br>") };
            writeln!(page, "| {id} | {text} | {tests} |").unwrap();
        }
    }
    page
}

#[test]
fn only_rows_with_an_id_are_read_from_vendors_pages() {
    assert_eq!(row("| ZAP-7 | A \\| B. |"), Some(("ZAP-7", "A \\| B.")));
    assert_eq!(row("| ECOM-12 | Text. | 400 |"), Some(("ECOM-12", "Text.")));
    for other in ["| id | row |", "| --- | --- |", "| ZAP-x | a |", "| ZAP- | a |", "ZAP-7 | a |"] {
        assert_eq!(row(other), None, "{other}");
    }
}

#[test]
fn a_claim_belongs_to_a_test_and_ends_with_a_full_stop() {
    let prove = "/// Proves";
    let claimed = |text: &str| {
        let sources = BTreeMap::from([("list.rs".to_owned(), "m::listed,".to_owned())]);
        let mut problems = Vec::new();
        let claims = claims("a.rs", text, &sources, &mut problems);
        claims.into_iter().map(|(id, test)| format!("{id} {test}")).chain(problems).collect()
    };
    let of_test = format!("    /// Text.\n///\n{prove} W1, W2.\n#[cfg(x)]\n#[test]\nfn a() {{");
    let of_listed = format!("{prove} W3.\npub(in crate::b) async fn listed(");
    for (text, expected) in [
        (of_test, vec!["W1 a.rs::a", "W2 a.rs::a"]),
        (of_listed, vec!["W3 a.rs::listed"]),
        ("//! Proves W4.\n".to_owned(), vec!["W4 a.rs"]),
        (format!("{prove} W5.\nfn b()"), vec!["a.rs: no test follows `/// Proves W5.`"]),
        (format!("{prove} W6.\n\n#[test]\nfn a()"), vec!["a.rs: no test follows `/// Proves W6.`"]),
        (format!("{prove} W7\n#[test]\nfn a()"), vec!["a.rs: no full stop ends `/// Proves W7`"]),
    ] {
        let seen: Vec<String> = claimed(&text);
        assert_eq!(seen, expected, "{text}");
    }
}
