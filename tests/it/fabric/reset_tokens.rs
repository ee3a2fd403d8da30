//! repass's own reset tokens.

use std::process::Command;
use std::time::Duration;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use repass_core::{KeyKind, Plaintext, TokenDigest};
use repass_tests::{FIRST_PASSWORD, Server, binary};

use super::{
    OTHER_USER, TEN_MINUTES, USER, assert_bad_request, assert_expired, assert_not_found,
    assert_user, is_unspent, open, start, stored, token, token_of, with,
};
use crate::requests::Wire;
use crate::test_context::{ANY_PASSWORD, NEVER_LOCKED_OUT, NEW, TestContext};

async fn tolerant() -> TestContext {
    open(Server::builder().tables(NEVER_LOCKED_OUT)).await
}

fn with_token(test: &TestContext, token: &str) -> Wire {
    with(&test.good, "resetToken", token)
}

/// Proves FABRIC-9, FABRIC-25, FABRIC-28.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_3_8_unknown_account_unknown_token_and_another_users_token_are_one_answer() {
    let test = tolerant().await;
    test.operator.add("fabric", OTHER_USER).await;
    let of_another_user = test.operator.reset_token("fabric", OTHER_USER, TEN_MINUTES).await;
    test.operator.add("elsewhere", USER).await;
    let of_other_realm = test.operator.reset_token("elsewhere", USER, TEN_MINUTES).await;
    let good = token_of(&test.good);
    let of_account = [
        ("unknown", "x".repeat(43)),
        ("another's", of_another_user.clone()),
        ("of another realm", of_other_realm),
        ("cut short", good[..42].to_owned()),
        ("with more behind", format!("{good}A")),
        ("with white space", format!(" {good}")),
        ("padded", format!("{good}=")),
        ("the old password", FIRST_PASSWORD.to_owned()),
        ("not ASCII", "é🔑".to_owned()),
        ("three parts", "a.b.c".to_owned()),
        ("of 4 KiB", "x".repeat(4096)),
    ];
    let mut answers = Vec::new();
    for (why, token) in &of_account {
        answers.push((*why, test.send(&with_token(&test, token)).await));
    }
    assert_eq!(test.failures().await as usize, of_account.len(), "each guess counts");
    let over_4_kib = with_token(&test, &"x".repeat(4097));
    answers.push(("over 4 KiB", test.send(&over_4_kib).await));
    for (why, user_id) in [
        ("unknown account", "6169b2d892a5f30009d76489"),
        ("in another case", "6169B2D892A5F30009D76480"),
        ("white space", "6169b2d892a5f30009d76480 "),
        ("another's account", OTHER_USER),
        ("far too long", &"x".repeat(5000)),
    ] {
        answers.push((why, test.send(&with(&test.good, "userId", user_id)).await));
    }
    for (why, answer) in &answers {
        assert_eq!(answer.status, 404, "{why}");
        assert_not_found(answer);
    }
    assert!(test.is_password(FIRST_PASSWORD).await);
    assert!(test.operator.is_password("fabric", OTHER_USER, FIRST_PASSWORD).await);
    assert!(is_unspent(&test, &good).await && is_unspent(&test, &of_another_user).await);
    assert_user(&test.send(&test.good).await, USER);
}

/// Proves FABRIC-29.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_5_5_an_expired_token_is_401() {
    let test = tolerant().await;
    let expired = test.operator.reset_token("fabric", USER, Duration::from_nanos(1)).await;
    for new in [NEW, "short", NEW] {
        let wire = with(&with_token(&test, &expired), "newPassword", new);
        assert_expired(&test.send(&wire).await);
    }
    let realm = test.operator.realm("fabric");
    let past = test.operator_of_the_past(TEN_MINUTES);
    let ten_minutes_old = past.issue_reset(&realm, USER, TEN_MINUTES).await.unwrap().1;
    assert_expired(&test.send(&with_token(&test, ten_minutes_old.expose())).await);
    assert!(test.is_password(FIRST_PASSWORD).await);

    let past = test.operator_of_the_past(TEN_MINUTES / 2);
    let half_spent = past.issue_reset(&realm, USER, TEN_MINUTES).await.unwrap().1;
    assert_user(&test.send(&with_token(&test, half_spent.expose())).await, USER);
}

/// Proves FABRIC-13, FABRIC-29.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_5_1_a_token_is_redeemed_once() {
    let test = tolerant().await;
    assert_user(&test.send(&test.good).await, USER);
    for new in [NEW, "another wish altogether", "short"] {
        assert_expired(&test.send(&with(&test.good, "newPassword", new)).await);
    }
    assert!(test.is_password(NEW).await);
}

/// Proves FABRIC-29, FABRIC-32.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_5_1_of_twenty_redemptions_at_once_exactly_one_wins() {
    let test = tolerant().await;
    let answers = test.flood(&test.good, 20).await;
    let (won, lost): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!(won.len(), 1);
    assert_user(&won[0], USER);
    lost.iter().for_each(assert_expired);
    let changes = test.operator.audit().await;
    let changes = changes.iter().filter(|record| record.action == "password.reset");
    assert_eq!(changes.filter(|record| record.outcome == "ok").count(), 1);
}

/// Proves FABRIC-13, FABRIC-29.
#[tokio::test(flavor = "multi_thread")]
async fn a_newer_token_voids_the_older_and_those_of_no_other_account() {
    let test = tolerant().await;
    test.operator.add("fabric", OTHER_USER).await;
    let of_another_user = test.operator.reset_token("fabric", OTHER_USER, TEN_MINUTES).await;
    let newer = token(&test).await;
    assert_expired(&test.send(&test.good).await);
    assert!(test.is_password(FIRST_PASSWORD).await);
    assert_user(&test.send(&with_token(&test, &newer)).await, USER);
    let other = with(&with_token(&test, &of_another_user), "userId", OTHER_USER);
    assert_user(&test.send(&other).await, OTHER_USER);
}

/// Proves FABRIC-11.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_token_or_a_key_is_never_accepted_as_a_reset_token() {
    let test = tolerant().await;
    for secret in [
        test.operator.token("fabric", USER, &[]).await,
        test.operator.token("fabric", USER, &["admin"]).await,
        test.operator.key("fabric", KeyKind::Service).await,
        test.good_header("x-api-key").to_owned(),
    ] {
        assert_not_found(&test.send(&with_token(&test, &secret)).await);
    }
    assert!(test.is_password(FIRST_PASSWORD).await);
}

/// Proves FABRIC-11.
#[tokio::test(flavor = "multi_thread")]
async fn a_reset_token_is_never_accepted_as_a_key() {
    let test = start().await;
    let token = token_of(&test.good);
    let answer = test.send(&test.good.with("x-api-key", Some(&token))).await;
    super::assert_answer(&answer, 403, super::FORBIDDEN);
}

/// Proves FABRIC-11.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_5_2_6_5_3_a_token_is_256_random_bits_of_which_only_a_digest_is_stored() {
    let test = start().await;
    let one = token_of(&test.good);
    let two = token(&test).await;
    assert_ne!(one, two);
    for token in [&one, &two] {
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).unwrap();
        assert_eq!(bytes.len(), 32);
        assert!(!holds(&test, token.as_bytes()).await, "the token itself is stored");
        assert!(!holds(&test, &bytes).await, "its bytes are stored");
        let digest = TokenDigest::from_secret(&Plaintext::from(token.as_str()));
        assert!(holds(&test, digest.as_bytes()).await);
    }
}

/// Returns whether the database contains these bytes, as they are or in hexadecimal.
async fn holds(test: &TestContext, bytes: &[u8]) -> bool {
    let contents = test.server.database().contents().await;
    let contains = |part: &[u8]| contents.windows(part.len()).any(|window| window == part);
    contains(bytes) || contains(HEXLOWER.encode(bytes).as_bytes())
}

/// Proves FABRIC-12.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_5_5_a_token_from_the_command_line_counts_for_ten_minutes_or_less() {
    let test = tolerant().await;
    for (lifetime, seconds) in [(&[][..], 600), (&["--lifetime", "5m"], 300)] {
        let token = issued_by_repass(&test, lifetime).await.unwrap();
        let held = stored(&test, &token).await.unwrap();
        assert_eq!(held.expires_at.duration_since(held.issued_at).as_secs(), seconds);
        let new = format!("the wish with {seconds} seconds");
        let wire = with(&with_token(&test, &token), "newPassword", new.as_str());
        assert_user(&test.send(&wire).await, USER);
        assert!(test.is_password(&new).await);
        assert_expired(&test.send(&wire).await);
    }
    assert_eq!(issued_by_repass(&test, &["--lifetime", "601s"]).await, None);
}

/// Returns the token that the operator's program prints, or `None` if it fails.
async fn issued_by_repass(test: &TestContext, lifetime: &[&str]) -> Option<String> {
    let program = tokio::task::spawn_blocking(|| binary("repass")).await.unwrap();
    let mut repass = Command::new(program);
    if let Some(file) = test.server.database().key_file() {
        repass.arg("--key-file").arg(file);
    }
    let database = test.server.database().url();
    let output = repass
        .args(["--database", &database, "reset", "issue", "--realm", "fabric", "--user-id", USER])
        .args(lifetime)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    output.status.success().then(|| text.trim_end().to_owned())
}

/// Proves FABRIC-33.
#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_spent_in_the_transaction_that_changes_the_password() {
    let test = start().await;
    for table in ["audit", "events", "access_tokens", "password_history"] {
        let answer = test.without_table(table, test.send(&test.good)).await;
        assert_eq!(answer.status, 500, "{table}: {}", answer.text());
        assert!(is_unspent(&test, &token_of(&test.good)).await, "{table}");
        test.assert_untouched().await;
    }
    assert_user(&test.send(&test.good).await, USER);
}

/// Proves FABRIC-13.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_outlives_a_restart_and_so_does_its_redemption() {
    let builder = Server::builder().tables(ANY_PASSWORD).only("fabric");
    let mut test = open(builder.clone()).await;
    test = restarted(test, &builder).await;
    assert_user(&test.send(&test.good).await, USER);
    test = restarted(test, &builder).await;
    assert_expired(&test.send(&test.good).await);
    assert_bad_request(&test.send_body("{}").await);
}

async fn restarted(test: TestContext, builder: &repass_tests::ServerBuilder) -> TestContext {
    let TestContext { server, operator, spec, user_id, good, .. } = test;
    assert!(server.kill().await.status.code().is_none());
    let server = builder.start().await;
    TestContext { client: server.client(), server, operator, spec, user_id, good }
}
