//! Reset tokens of repass's own: rows 4 and 5, and what is said of them.

use std::process::Command;
use std::time::Duration;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use repass_core::{KeyKind, Plaintext, TokenDigest};
use repass_tests::{FIRST_PASSWORD, Server, binary};

use super::{
    OTHER_USER, TEN_MINUTES, USER, assert_bad_request, assert_expired, assert_not_found,
    assert_user, is_unspent, open, start, stored, token, token_of, with,
};
use crate::house::{ANY_PASSWORD, House, NEVER_CLOSED, NEW};
use crate::requests::Wire;

async fn tolerant() -> House {
    open(Server::builder().tables(NEVER_CLOSED)).await
}

fn with_token(house: &House, token: &str) -> Wire {
    with(&house.good, "resetToken", token)
}

#[tokio::test(flavor = "multi_thread")]
async fn row_4_asvs_6_3_8_unknown_account_unknown_token_and_anothers_token_are_one_answer() {
    let house = tolerant().await;
    house.desk.add("fabric", OTHER_USER).await;
    let anothers = house.desk.reset_token("fabric", OTHER_USER, TEN_MINUTES).await;
    house.desk.add("elsewhere", USER).await;
    let of_other_realm = house.desk.reset_token("elsewhere", USER, TEN_MINUTES).await;
    let good = token_of(&house.good);
    let of_account = [
        ("unknown", "x".repeat(43)),
        ("another's", anothers.clone()),
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
        answers.push((*why, house.send(&with_token(&house, token)).await));
    }
    assert_eq!(house.failures().await as usize, of_account.len(), "each guess is charged");
    let over_4_kib = with_token(&house, &"x".repeat(4097));
    answers.push(("over 4 KiB", house.send(&over_4_kib).await));
    for (why, user_id) in [
        ("unknown account", "6169b2d892a5f30009d76489"),
        ("in another case", "6169B2D892A5F30009D76480"),
        ("white space", "6169b2d892a5f30009d76480 "),
        ("another's account", OTHER_USER),
        ("far too long", &"x".repeat(5000)),
    ] {
        answers.push((why, house.send(&with(&house.good, "userId", user_id)).await));
    }
    for (why, answer) in &answers {
        assert_eq!(answer.status, 404, "{why}");
        assert_not_found(answer);
    }
    assert!(house.is_password(FIRST_PASSWORD).await);
    assert!(house.desk.is_password("fabric", OTHER_USER, FIRST_PASSWORD).await);
    assert!(is_unspent(&house, &good).await && is_unspent(&house, &anothers).await);
    assert_user(&house.send(&house.good).await, USER);
}

#[tokio::test(flavor = "multi_thread")]
async fn row_5_asvs_6_5_5_an_expired_token_is_401() {
    let house = tolerant().await;
    let expired = house.desk.reset_token("fabric", USER, Duration::from_nanos(1)).await;
    for new in [NEW, "short", NEW] {
        let wire = with(&with_token(&house, &expired), "newPassword", new);
        assert_expired(&house.send(&wire).await);
    }
    let realm = house.desk.realm("fabric");
    let past = house.desk_of_the_past(TEN_MINUTES);
    let ten_minutes_old = past.issue_reset(&realm, USER, TEN_MINUTES).await.unwrap().1;
    assert_expired(&house.send(&with_token(&house, ten_minutes_old.expose())).await);
    assert!(house.is_password(FIRST_PASSWORD).await);

    let past = house.desk_of_the_past(TEN_MINUTES / 2);
    let half_spent = past.issue_reset(&realm, USER, TEN_MINUTES).await.unwrap().1;
    assert_user(&house.send(&with_token(&house, half_spent.expose())).await, USER);
}

#[tokio::test(flavor = "multi_thread")]
async fn row_5_asvs_6_5_1_a_token_is_redeemed_once() {
    let house = tolerant().await;
    assert_user(&house.send(&house.good).await, USER);
    for new in [NEW, "another wish altogether", "short"] {
        assert_expired(&house.send(&with(&house.good, "newPassword", new)).await);
    }
    assert!(house.is_password(NEW).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_5_1_of_twenty_redemptions_at_once_exactly_one_wins() {
    let house = tolerant().await;
    let answers = house.flood(&house.good, 20).await;
    let (won, lost): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!(won.len(), 1);
    assert_user(&won[0], USER);
    lost.iter().for_each(assert_expired);
    let changes = house.desk.audit().await;
    let changes = changes.iter().filter(|record| record.action == "password.reset");
    assert_eq!(changes.filter(|record| record.outcome == "ok").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_token_voids_the_older_and_those_of_no_other_account() {
    let house = tolerant().await;
    house.desk.add("fabric", OTHER_USER).await;
    let anothers = house.desk.reset_token("fabric", OTHER_USER, TEN_MINUTES).await;
    let newer = token(&house).await;
    assert_expired(&house.send(&house.good).await);
    assert!(house.is_password(FIRST_PASSWORD).await);
    assert_user(&house.send(&with_token(&house, &newer)).await, USER);
    let other = with(&with_token(&house, &anothers), "userId", OTHER_USER);
    assert_user(&house.send(&other).await, OTHER_USER);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_token_or_a_key_is_never_accepted_as_a_reset_token() {
    let house = tolerant().await;
    for secret in [
        house.desk.token("fabric", USER, &[]).await,
        house.desk.token("fabric", USER, &["admin"]).await,
        house.desk.key("fabric", KeyKind::Service).await,
        house.good_header("x-api-key").to_owned(),
    ] {
        assert_not_found(&house.send(&with_token(&house, &secret)).await);
    }
    assert!(house.is_password(FIRST_PASSWORD).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_token_is_never_accepted_as_a_key() {
    let house = start().await;
    let token = token_of(&house.good);
    let answer = house.send(&house.good.with("x-api-key", Some(&token))).await;
    super::assert_answer(&answer, 403, super::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_5_2_6_5_3_a_token_is_256_random_bits_of_which_only_a_digest_is_stored() {
    let house = start().await;
    let one = token_of(&house.good);
    let two = token(&house).await;
    assert_ne!(one, two);
    for token in [&one, &two] {
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).unwrap();
        assert_eq!(bytes.len(), 32);
        assert!(!holds(&house, token.as_bytes()).await, "the token itself is stored");
        assert!(!holds(&house, &bytes).await, "its bytes are stored");
        let digest = TokenDigest::of(&Plaintext::from(token.as_str()));
        assert!(holds(&house, digest.as_bytes()).await);
    }
}

/// Whether these bytes stand anywhere in the database, as they are or in hexadecimal.
async fn holds(house: &House, bytes: &[u8]) -> bool {
    let contents = house.server.database().contents().await;
    let contains = |part: &[u8]| contents.windows(part.len()).any(|window| window == part);
    contains(bytes) || contains(HEXLOWER.encode(bytes).as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_5_5_a_token_from_the_command_line_counts_for_ten_minutes_or_less() {
    let house = tolerant().await;
    for (lifetime, seconds) in [(&[][..], 600), (&["--lifetime", "5m"], 300)] {
        let token = issued_by_repass(&house, lifetime).await.unwrap();
        let held = stored(&house, &token).await.unwrap();
        assert_eq!(held.expires_at.duration_since(held.issued_at).as_secs(), seconds);
        let new = format!("the wish with {seconds} seconds");
        let wire = with(&with_token(&house, &token), "newPassword", new.as_str());
        assert_user(&house.send(&wire).await, USER);
        assert!(house.is_password(&new).await);
        assert_expired(&house.send(&wire).await);
    }
    assert_eq!(issued_by_repass(&house, &["--lifetime", "601s"]).await, None);
}

/// A token that the operator's program prints; `None` when it refuses.
async fn issued_by_repass(house: &House, lifetime: &[&str]) -> Option<String> {
    let program = tokio::task::spawn_blocking(|| binary("repass")).await.unwrap();
    let mut repass = Command::new(program);
    if let Some(file) = house.server.database().key_file() {
        repass.arg("--key-file").arg(file);
    }
    let database = house.server.database().url();
    let output = repass
        .args(["--database", &database, "reset", "issue", "--realm", "fabric", "--user-id", USER])
        .args(lifetime)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    output.status.success().then(|| text.trim_end().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_spent_in_the_transaction_that_changes_the_password() {
    let house = start().await;
    for table in ["audit", "events", "access_tokens", "password_history"] {
        let answer = house.without_table(table, house.send(&house.good)).await;
        assert_eq!(answer.status, 500, "{table}: {}", answer.text());
        assert!(is_unspent(&house, &token_of(&house.good)).await, "{table}");
        house.assert_untouched().await;
    }
    assert_user(&house.send(&house.good).await, USER);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_outlives_a_restart_and_so_does_its_redemption() {
    let builder = Server::builder().tables(ANY_PASSWORD).only("fabric");
    let mut house = open(builder.clone()).await;
    house = restarted(house, &builder).await;
    assert_user(&house.send(&house.good).await, USER);
    house = restarted(house, &builder).await;
    assert_expired(&house.send(&house.good).await);
    assert_bad_request(&house.send_body("{}").await);
}

async fn restarted(house: House, builder: &repass_tests::ServerBuilder) -> House {
    let House { server, desk, spec, user_id, good, .. } = house;
    assert!(server.kill().await.status.code().is_none());
    let server = builder.start().await;
    House { client: server.client(), server, desk, spec, user_id, good }
}
