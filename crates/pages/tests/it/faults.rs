//! A store that fails, and a random source that does.

use std::sync::Arc;

use http::header::{CONTENT_TYPE, RETRY_AFTER, SET_COOKIE};
use repass_core::{Randomness, RandomnessError};
use repass_testkit::{FailingStore, MemoryStore, StoreFailure};

use crate::test_context::{NEW, OLD, TestContext, URL};

const FORMS: [(&str, &[(&str, &str)]); 2] = [
    ("/account/password", &[("username", "pat"), ("current-password", OLD), ("new-password", NEW)]),
    ("/account/reset", &[("username", "pat"), ("code", "0000-0000"), ("new-password", NEW)]),
];

#[tokio::test]
async fn a_store_that_fails_is_reported_in_the_language_of_the_holder_without_its_cause() {
    let german = "Der Dienst ist gerade ausgelastet. Versuchen Sie es in einer Minute noch einmal.";
    let french = "Le service est actuellement surchargé. Réessayez dans une minute.";
    for (failure, status, outcome, told, retry_after) in [
        (StoreFailure::Unavailable, 503, "store-unavailable", [german, french], "1"),
        (
            StoreFailure::Failed,
            500,
            "fault",
            ["Bei uns ist etwas schiefgegangen.", "Une erreur s’est produite de notre côté."],
            "",
        ),
        (
            StoreFailure::Panics,
            500,
            "fault",
            ["Bei uns ist etwas schiefgegangen.", "Une erreur s’est produite de notre côté."],
            "",
        ),
    ] {
        let keys = MemoryStore::new();
        let store = FailingStore { keys: keys.clone(), failure };
        let test = TestContext::on(keys, Arc::new(store), |builder| builder, URL, |_| {});
        let mut browser = test.browser();
        for (language, told) in ["de-AT", "fr"].into_iter().zip(told) {
            browser.language = language.to_owned();
            for (path, fields) in FORMS {
                let answer = browser.submit(path, fields).await;
                let page = format!("{path}, {failure:?}: {}", answer.body);
                assert_eq!((answer.status.as_u16(), answer.outcome), (status, outcome), "{page}");
                assert_eq!(answer.header(RETRY_AFTER), retry_after, "{page}");
                assert!(answer.body.contains(told), "{page}");
                assert!(!answer.body.contains(FailingStore::DETAIL), "{page}");
                assert!(answer.header(CONTENT_TYPE).starts_with("text/html"), "{page}");
            }
        }
        let origin = browser.origin.clone();
        let own = [("origin", origin.as_str())];
        let check = browser.post("/account/reset/check", &[("code", "0000")], &own).await;
        assert_eq!((check.status.as_u16(), check.outcome), (status, outcome));
        // The answer does not show that no mail is sent.
        let sent = browser.submit("/account/forgot", &[("username", "pat")]).await;
        assert_eq!(sent.location(), "/account/forgot/sent");
    }
}

#[tokio::test]
async fn without_random_bytes_the_page_is_a_fault_like_any_other() {
    #[derive(Debug)]
    struct Nothing;
    impl Randomness for Nothing {
        fn fill(&self, _: &mut [u8]) -> Result<(), RandomnessError> {
            Err(RandomnessError("the source is closed".to_owned()))
        }
    }
    let keys = MemoryStore::new();
    let build = |builder: repass_core::EngineBuilder<_>| builder.randomness(Arc::new(Nothing));
    let test = TestContext::on(keys.clone(), Arc::new(keys), build, URL, |_| {});
    let mut browser = test.browser();
    browser.language = "de".to_owned();
    let answer = browser.get("/account/password").await;
    assert_eq!((answer.status.as_u16(), answer.outcome), (500, "fault"));
    assert!(answer.body.contains("Bei uns ist etwas schiefgegangen."), "{}", answer.body);
    assert!(!answer.body.contains("<form"), "{}", answer.body);
    assert_eq!(answer.header(SET_COOKIE), "");
    assert!(answer.header("content-security-policy").contains("default-src 'none'"));
    assert!(!answer.header("x-request-id").is_empty());
}
