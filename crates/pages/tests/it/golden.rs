//! Each page as a whole. `UPDATE=1` writes the files.

use std::path::Path;

use repass_messages::{Language, PAGES};

use crate::test_context::{OLD, TestContext};

const KINDS: [(&str, &str); 8] = [
    ("password", "/account/password"),
    ("password-done", "/account/password/done"),
    ("forgot", "/account/forgot"),
    ("dead-link", "/account/forgot?dead=1"),
    ("sent", "/account/forgot/sent"),
    ("reset", "/account/reset"),
    ("reset-done", "/account/reset/done"),
    ("not-found", "/account/other"),
];

#[track_caller]
fn assert_golden(name: &str, html: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    // The version of the assets changes with each of their bytes.
    let version = html.split("?v=").nth(1).map_or("", |rest| &rest[..16]);
    let html = if version.is_empty() { html.to_owned() } else { html.replace(version, "VERSION") };
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, &html).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap_or_default(), html, "{name}");
}

#[tokio::test]
async fn every_page_matches_its_golden_file() {
    let test = TestContext::with(|options| {
        options.application_url = Some("https://shop.example/".to_owned());
        options.support_url = Some("https://example.org/help".to_owned());
    })
    .await;
    let browser = test.browser();
    for (name, path) in KINDS {
        assert_golden(&format!("{name}.html"), &browser.get(path).await.page());
    }
    let fields = [("username", ""), ("current-password", OLD), ("new-password", "password")];
    let refused = browser.submit("/account/password?lang=de", &fields).await;
    assert_golden("refused.de.html", &refused.page());
}

/// A page, its stylesheet, its script and its icon.
#[tokio::test]
async fn every_page_is_at_most_30_kb_in_every_language() {
    let test = TestContext::new().await;
    let browser = test.browser();
    let mut assets = 0;
    for name in ["style.css", "script.js", "icon.svg"] {
        assets += browser.get(&format!("/account/assets/{name}")).await.body.len();
    }
    for language in Language::ALL {
        for (_, path) in KINDS {
            let (path, query) = path.split_once('?').unwrap_or((path, ""));
            let url = format!("{path}?lang={}&{query}", language.subtag());
            let page = browser.get(&url).await.body;
            assert!(page.len() + assets <= 30_000, "{url}: {} + {assets}", page.len());
            assert!(!page.contains("http://") && !page.contains("https://"), "{url}: {page}");
            for id in PAGES.ids(language) {
                assert!(!page.contains(&format!(">{id}<")), "{url}: {id} has no text");
            }
        }
    }
}

/// Every id in the templates and the code is a message, and every message is used.
#[test]
fn every_message_is_used() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut used = std::fs::read_to_string(folder.join("templates/page.html")).unwrap();
    let messages = folder.join("../messages/src/policy.rs");
    used.push_str(&std::fs::read_to_string(messages).unwrap());
    for file in std::fs::read_dir(folder.join("src")).unwrap() {
        used.push_str(&std::fs::read_to_string(file.unwrap().path()).unwrap());
    }
    for id in PAGES.ids(Language::English) {
        assert!(used.contains(&format!("\"{id}\"")), "{id}");
    }
    let template = std::fs::read_to_string(folder.join("templates/page.html")).unwrap();
    for part in template.split("page.text(\"").skip(1) {
        let id = part.split('"').next().unwrap().to_owned();
        assert!(PAGES.ids(Language::English).contains(&id), "{id}");
    }
}
