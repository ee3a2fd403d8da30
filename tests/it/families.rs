//! Accounts with the hashes of other systems, over HTTP.

use repass_core::{Credential, Subject};
use repass_tests::{FIRST_PASSWORD, Server};
use serde_json::json;

use crate::test_context::{NEVER_LOCKED_OUT, NEW, TestContext};

/// [`FIRST_PASSWORD`] as other systems store it. bcrypt: made with libxcrypt 4.4; the others with
/// Python's hashlib.
const STORED: [&str; 4] = [
    "$2b$04$CCCCCCCCCCCCCCCCCCCCC.STxXwsCoijilr8C/GTGYUqXNL5qPEpi",
    "pbkdf2_sha256$1000$seasalt$mq8bhBOSf7XogPXruIoE2r1j4ubyHOsL4ySBfy7AZBE=",
    "$P$612345678xn9EXQ5bKEvgB.LnBGyqR/",
    "{SSHA}dEr5/Rz91ik4GnZPHXFPx0RvrAxzYWx0",
];

/// A test context of etna whose account has this stored hash.
async fn test_of(stored: &str) -> TestContext {
    let test = TestContext::open("etna", Server::builder().tables(NEVER_LOCKED_OUT)).await;
    // The server has one account.
    let statement = format!("UPDATE @accounts SET hash = '{stored}', normalization = 'none'");
    test.server.database().execute(statement).await;
    assert_eq!(credential(&test).await.hash.as_str(), stored);
    test
}

async fn credential(test: &TestContext) -> Credential {
    let subject = Subject::new(test.operator.realm(test.spec), test.user_id);
    test.operator.store.find(&subject).await.unwrap().unwrap().credential.unwrap()
}

fn body(old: &str, new: &str) -> String {
    json!({ "OldPassword": old, "Password": new, "PasswordConfirm": new }).to_string()
}

/// Proves OWASP storage rehash.
#[tokio::test(flavor = "multi_thread")]
async fn owasp_storage_a_change_makes_argon2id_of_any_hash() {
    for stored in STORED {
        let test = test_of(stored).await;
        let wrong = test.send_body(&body("a wrong guess", NEW)).await;
        assert_eq!(wrong.status, 400, "{stored}: {}", wrong.text());
        assert_eq!(test.failures().await, 1, "{stored}");
        assert_eq!(credential(&test).await.hash.as_str(), stored);

        let changed = test.send(&test.good).await;
        assert_eq!(changed.status, 200, "{stored}: {}", changed.text());
        let after = credential(&test).await;
        assert!(after.hash.as_str().starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{stored}");
        assert_eq!(after.version, 2);
        assert!(test.is_password(NEW).await);
        let back = test.send_body(&body(NEW, FIRST_PASSWORD)).await;
        assert_eq!(back.status, 409, "{stored}: the history knows it: {}", back.text());
    }
}

/// Proves OWASP storage rehash.
#[tokio::test(flavor = "multi_thread")]
async fn owasp_storage_a_refused_change_makes_argon2id_of_any_hash() {
    for stored in STORED {
        let test = test_of(stored).await;
        let before = credential(&test).await;
        let refused = test.send_body(&body(FIRST_PASSWORD, "short")).await;
        assert_eq!(refused.status, 409, "{stored}: {}", refused.text());
        let after = credential(&test).await;
        assert!(after.hash.as_str().starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{stored}");
        assert_eq!((after.version, after.changed_at), (before.version, before.changed_at));
        test.assert_untouched().await;
        let trail = test.operator.audit().await;
        let acts: Vec<_> = trail[..2].iter().map(|record| record.action.as_str()).collect();
        assert_eq!(acts, ["password.change", "password.rehash"]);
        assert_eq!(test.send(&test.good).await.status, 200, "{stored}");
    }
}

/// Proves H4.
#[tokio::test(flavor = "multi_thread")]
async fn h4_a_hash_of_no_known_family_is_a_wrong_password_and_one_line_in_the_log() {
    let (salt, tag) = ("c29tZXNhbHQ", "nf65EOgLrQMRuIPnA4rEsF5h7TKyQwu9U1bMCHGi4");
    for stored in [
        format!("$whirlpool$rounds=9${salt}${tag}"),
        format!("$2b$31${salt}{tag}"),
        format!("$argon2id$v=19$m=4294967295,t=1,p=1${salt}${tag}"),
    ] {
        let test = test_of(&stored).await;
        let answer = test.send(&test.good).await;
        assert_eq!(answer.status, 400, "{stored}: {}", answer.text());
        assert_eq!(test.failures().await, 1, "it counts as any other");
        let attempt = test.last_attempt().await;
        assert_eq!(attempt.outcome, "wrong-password");
        assert_eq!(credential(&test).await.hash.as_str(), stored, "and left alone");
        let log = test.server.stop().await.log;
        let lines: Vec<_> =
            log.lines().filter(|line| line.contains("treated as a mismatch")).collect();
        assert_eq!(lines.len(), 1, "{log}");
        let request_id = answer.header("x-request-id");
        let account = attempt.account.unwrap().to_string();
        assert!(lines[0].contains(&account) && lines[0].contains(request_id), "{}", lines[0]);
        assert!(!log.contains(salt) && !log.contains(tag), "{log}");
    }
}
