use std::cmp::Reverse;

use jiff::Timestamp;

use super::{actions, added, check_unknown};
use crate::conformance::check::{check_empty, check_eq};
use crate::conformance::sample::{
    access_token, account, at, audit, audit_for_id, commit, digest, event, realm, reset_token,
    service_key, uuid, with,
};
use repass_core::{
    AccessToken, Account, AdministrationStore, AuditFilter, AuditRecord, CommitOutcome, HeldToken,
    Key, KeyId, KeyKind, OlderTokens, OtpEnrollment, PruneCutoffs, Realm, ResetSpend, ResetToken,
    Scope, Subject, TokenDigest, TokenId,
};

/// Returns an audit record without an account.
fn realm_record(realm: &Realm, action: &str) -> AuditRecord {
    let other = account(realm, "other");
    AuditRecord { account: None, at: at(7), ..audit(&other, action) }
}

pub(in crate::conformance) async fn keys_are_kept_and_revoked_once(
    store: &dyn AdministrationStore,
) {
    let realm = realm();
    let oldest = service_key(&realm, at(1));
    let middle = Key { kind: KeyKind::App, ..service_key(&realm, at(2)) };
    let newest = Key {
        kind: KeyKind::Admin,
        scopes: [Scope::AccountsRead, Scope::Keys].into(),
        all_realms: true,
        ..service_key(&realm, at(3))
    };
    let foreign = service_key(&self::realm(), at(2));
    for key in [&oldest, &foreign, &middle, &newest] {
        store.add_key(key, &realm_record(&key.realm, "key.add")).await.expect("add_key");
    }
    for key in [&oldest, &middle, &newest] {
        let by_digest = store.key(&key.digest).await.expect("key");
        check_eq!(by_digest.as_ref(), Some(key), "the key is found by its digest as it was added");
        let by_id = store.key_by_id(key.id).await.expect("key_by_id");
        check_eq!(by_id.as_ref(), Some(key), "the key is found by its id as it was added");
    }
    check_eq!(store.key(&digest("unknown")).await.expect("key"), None);
    check_eq!(store.key_by_id(KeyId(uuid())).await.expect("key_by_id"), None);

    let revoke = realm_record(&realm, "key.revoke");
    assert!(store.revoke_key(middle.id, &revoke).await.expect("revoke_key"));
    let again = AuditRecord { at: at(8), ..realm_record(&realm, "key.revoke") };
    let revoked = store.revoke_key(middle.id, &again).await.expect("revoke_key");
    assert!(!revoked, "a revoked key is not revoked again");
    let unknown = realm_record(&realm, "key.revoke");
    let revoked = store.revoke_key(KeyId(uuid()), &unknown).await.expect("revoke_key");
    assert!(!revoked, "a key that does not exist is not revoked");

    let middle = Key { revoked_at: Some(at(7)), ..middle };
    let found = store.key(&middle.digest).await.expect("key");
    check_eq!(found.as_ref(), Some(&middle), "a revoked key is found with its first revocation");
    let listed = store.keys(Some(&realm)).await.expect("keys");
    check_eq!(
        listed,
        [oldest, middle, newest],
        "the keys of a realm are listed oldest first, revoked ones too"
    );
    let all = store.keys(None).await.expect("keys");
    assert!(
        listed.iter().chain([&foreign]).all(|key| all.contains(key)),
        "without a realm, the keys of all realms are listed"
    );

    let filter = AuditFilter { realm: Some(realm), limit: 100, ..AuditFilter::default() };
    let records = store.audit(&filter).await.expect("audit");
    let revocations = records.iter().filter(|record| record.action == "key.revoke").count();
    check_eq!(revocations, 1, "only successful calls are recorded");
    check_eq!(records.len(), 4, "every key that was added is recorded");
}

pub(in crate::conformance) async fn the_use_of_access_tokens_is_recorded(
    store: &dyn AdministrationStore,
) {
    let account = added(store).await;
    let (used, other) = (access_token(&account), access_token(&account));
    for token in [&used, &other] {
        let record = audit(&account, "access-token.add");
        store.add_access_token(token, &record).await.expect("add_access_token");
    }
    for (second, last) in [(5, 5), (7, 7), (6, 7)] {
        store.record_token_use(used.id, at(second)).await.expect("record_token_use");
        for (token, expected) in [(&used, Some(at(last))), (&other, None)] {
            let held = store.access_token_by_id(token.id).await.expect("access_token_by_id");
            let seen = held.and_then(|held| held.token.last_used_at);
            check_eq!(seen, expected, "the last use of one token is recorded");
        }
    }
    let absent = access_token(&account).id;
    store.record_token_use(absent, at(5)).await.expect("an unknown token is ignored");
}

pub(in crate::conformance) async fn access_tokens_are_kept_and_revoked_once(
    store: &dyn AdministrationStore,
) {
    let account = added(store).await;
    let (ip_address, user_agent) = (None, None);
    let plain = AccessToken { roles: Vec::new(), ip_address, user_agent, ..access_token(&account) };
    let token = access_token(&account);
    for token in [&plain, &token] {
        let record = audit(&account, "access-token.add");
        store.add_access_token(token, &record).await.expect("add_access_token");
        let expected = HeldToken {
            token: token.clone(),
            realm: account.realm.clone(),
            user_id: account.user_id.clone(),
            active: true,
            valid_after: None,
            kept: false,
        };
        let by_digest = store.access_token(&token.digest).await.expect("access_token");
        check_eq!(
            by_digest.as_ref(),
            Some(&expected),
            "the token is found by its digest with its holder"
        );
        let by_id = store.access_token_by_id(token.id).await.expect("access_token_by_id");
        check_eq!(by_id, Some(expected), "the token is found by its id with its holder");
    }
    check_eq!(store.access_token(&digest("unknown")).await.expect("access_token"), None);
    let unknown = store.access_token_by_id(TokenId(uuid())).await.expect("access_token_by_id");
    check_eq!(unknown, None);

    for (second, expected) in [(7, true), (8, false)] {
        let record = AuditRecord { at: at(second), ..audit(&account, "access-token.revoke") };
        let revoked = store.revoke_access_token(token.id, &record).await;
        check_eq!(revoked.expect("revoke_access_token"), expected, "a token is revoked once");
    }
    let record = audit(&account, "access-token.revoke");
    let revoked = store.revoke_access_token(TokenId(uuid()), &record).await;
    assert!(!revoked.expect("revoke_access_token"), "a token that does not exist is not revoked");
    let held = store.access_token(&token.digest).await.expect("access_token").expect("kept");
    check_eq!(
        held.token.revoked_at,
        Some(at(7)),
        "a revoked token is found with its first revocation"
    );
    let held = store.access_token(&plain.digest).await.expect("access_token").expect("kept");
    check_eq!(held.token.revoked_at, None, "another token of the account is not revoked");
    let expected = ["account.add", "access-token.add", "access-token.add", "access-token.revoke"];
    check_eq!(actions(store, &account).await, expected, "only successful calls are recorded");

    let absent = self::account(&realm(), "absent");
    let stray = access_token(&absent);
    let refused = store.add_access_token(&stray, &audit(&absent, "access-token.add")).await;
    check_unknown(&refused);
    check_eq!(store.access_token(&stray.digest).await.expect("access_token"), None);
    check_empty!(actions(store, &absent).await, "a refused call is not recorded");
}

pub(in crate::conformance) async fn a_key_and_a_token_are_found_together(
    store: &dyn AdministrationStore,
) {
    let account = added(store).await;
    let key = service_key(&account.realm, at(1));
    store.add_key(&key, &realm_record(&key.realm, "key.add")).await.expect("add_key");
    let token = access_token(&account);
    let record = audit(&account, "access-token.add");
    store.add_access_token(&token, &record).await.expect("add_access_token");

    let unknown = digest("unknown");
    for key in [&key.digest, &unknown] {
        for token in [&token.digest, &unknown] {
            let apart = (
                store.key(key).await.expect("key"),
                store.access_token(token).await.expect("access_token"),
            );
            let together = store.key_and_access_token(key, token).await;
            check_eq!(together.expect("key_and_access_token"), apart);
        }
    }
    let swapped = store.key_and_access_token(&token.digest, &key.digest).await;
    check_eq!(
        swapped.expect("key_and_access_token"),
        (None, None),
        "the digest of a key finds no token, and the digest of a token no key"
    );
}

pub(in crate::conformance) async fn reset_tokens_are_kept(store: &dyn AdministrationStore) {
    let (account, bystander) = (added(store).await, added(store).await);
    let (older, newer) = (reset_token(&account), reset_token(&account));
    let newer = ResetToken { issued_at: at(3), ..newer };
    let others = reset_token(&bystander);
    for token in [&others, &older, &newer] {
        let record = audit_for_id(token.account, "reset-token.add");
        store
            .add_reset_token(token, OlderTokens::Void, &record, &event(token.account, 0))
            .await
            .expect("add_reset_token");
        let kept = store.reset_token(&token.digest).await.expect("reset_token");
        check_eq!(kept.as_ref(), Some(token), "the reset token is found as it was added");
    }
    let older = store.reset_token(&older.digest).await.expect("reset_token").expect("kept");
    assert!(older.spent_at.is_some(), "a newer reset token voids the older");
    let kept = store.reset_token(&others.digest).await.expect("reset_token");
    check_eq!(kept, Some(others), "a newer reset token voids none of another account");
    check_eq!(store.reset_token(&digest("unknown")).await.expect("reset_token"), None);
    let third = ResetToken { issued_at: at(4), ..reset_token(&account) };
    let record = audit_for_id(account.id, "reset-token.add");
    let event_of_third = event(account.id, 1);
    let added = store.add_reset_token(&third, OlderTokens::Keep, &record, &event_of_third).await;
    added.expect("add_reset_token");
    let kept = store.reset_token(&newer.digest).await.expect("reset_token");
    check_eq!(kept, Some(newer), "a reset token is valid beside a newer one that keeps it");
    let expected = ["account.add", "reset-token.add", "reset-token.add", "reset-token.add"];
    check_eq!(actions(store, &account).await, expected);

    let absent = self::account(&realm(), "absent");
    let stray = reset_token(&absent);
    let refused = store
        .add_reset_token(
            &stray,
            OlderTokens::Void,
            &audit(&absent, "reset-token.add"),
            &event(stray.account, 0),
        )
        .await;
    check_unknown(&refused);
    check_eq!(store.reset_token(&stray.digest).await.expect("reset_token"), None);
    check_empty!(actions(store, &absent).await, "a refused call is not recorded");
}

pub(in crate::conformance) async fn reset_tokens_are_listed_in_pages(
    store: &dyn AdministrationStore,
) {
    let account = added(store).await;
    // Two of them are issued at the same time.
    let mut expected = Vec::new();
    for (number, second) in (0..).zip([2, 1, 3, 2]) {
        let token = with(reset_token(&account), |it| it.issued_at = at(second));
        let record = audit_for_id(account.id, "reset-token.add");
        let event = event(account.id, number);
        let added = store.add_reset_token(&token, OlderTokens::Keep, &record, &event).await;
        added.expect("add_reset_token");
        expected.push((token.issued_at, token.digest));
    }
    expected.sort_by_key(|key| Reverse(*key));
    let listed = async |after: Option<(Timestamp, TokenDigest)>, limit: u32| {
        let tokens = store.reset_tokens(account.id, after, limit).await.expect("reset_tokens");
        tokens.into_iter().map(|token| (token.issued_at, token.digest)).collect::<Vec<_>>()
    };
    check_eq!(listed(None, 10).await, expected, "the latest issued is the first");
    check_eq!(listed(None, 1).await, expected[..1], "no more tokens than asked for are listed");
    for (at, last) in (1..).zip(&expected) {
        check_eq!(listed(Some(*last), 10).await, expected[at..], "the next page follows the last");
    }
}

/// Proves C3.
pub(in crate::conformance) async fn c3_tokens_of_an_account_are_listed(
    store: &dyn AdministrationStore,
) {
    let (account, bystander) = (added(store).await, added(store).await);
    // Two of them are issued at the same time.
    let mut expected = [2, 1, 3, 2].map(|second| (at(second), TokenId(uuid())));
    for (issued_at, id) in expected {
        let token = AccessToken { issued_at, id, ..access_token(&account) };
        let record = audit_for_id(token.account, "access-token.add");
        store.add_access_token(&token, &record).await.expect("add_access_token");
    }
    let record = audit_for_id(bystander.id, "access-token.add");
    store.add_access_token(&access_token(&bystander), &record).await.expect("add_access_token");
    expected.sort_by_key(|key| Reverse(*key));
    let listed = async |after: Option<(Timestamp, TokenId)>, limit: u32| {
        let held = store.access_tokens(account.id, after, limit).await.expect("access_tokens");
        held.into_iter().map(|held| (held.token.issued_at, held.token.id)).collect::<Vec<_>>()
    };
    check_eq!(listed(None, 10).await, expected, "the latest issued is the first");
    check_eq!(listed(None, 1).await, expected[..1], "no more tokens than asked for are listed");
    for (at, last) in (1..).zip(expected) {
        check_eq!(listed(Some(last), 10).await, expected[at..], "the next page follows the last");
    }

    let void = with(reset_token(&account), |it| it.issued_at = at(1));
    let valid = with(reset_token(&account), |it| it.issued_at = at(2));
    for token in [&void, &valid, &reset_token(&bystander)] {
        let record = audit_for_id(token.account, "reset-token.add");
        let event = event(token.account, 0);
        store
            .add_reset_token(token, OlderTokens::Void, &record, &event)
            .await
            .expect("add_reset_token");
    }
    let listed = async || {
        let tokens = store.reset_tokens(account.id, None, 10).await.expect("reset_tokens");
        tokens.into_iter().map(|token| (token.digest, token.spent_at)).collect::<Vec<_>>()
    };
    let expected = [(valid.digest, None), (void.digest, Some(at(2)))];
    check_eq!(listed().await, expected, "the newer token has voided the older one");
    let record = AuditRecord { at: at(3), ..audit(&account, "reset.revoke") };
    store.void_reset_tokens(account.id, &record).await.expect("void_reset_tokens");
    let expected = [(valid.digest, Some(at(3))), (void.digest, Some(at(2)))];
    check_eq!(listed().await, expected, "a token is voided once");
    let last = actions(store, &account).await.pop();
    check_eq!(last.as_deref(), Some("reset.revoke"));
    let other = store.reset_tokens(bystander.id, None, 10).await.expect("reset_tokens");
    check_eq!(other[0].spent_at, None, "tokens of another account stay valid");
}

pub(in crate::conformance) async fn one_time_passwords_are_replaced(
    store: &dyn AdministrationStore,
) {
    let account = added(store).await;
    let none = OtpEnrollment::default();
    check_eq!(enrollment(store, &account).await, none, "a new account has no enrollment");
    let full = OtpEnrollment {
        sealed_secret: Some((0..=255).collect()),
        last_step: Some(60_000_000),
        code: Some((digest("code"), at(600))),
    };
    let secret = OtpEnrollment { last_step: None, code: None, ..full.clone() };
    let code = OtpEnrollment { sealed_secret: None, last_step: None, ..full.clone() };
    for new in [full, secret, code, none] {
        let record = audit(&account, "otp.set");
        store.set_otp(account.id, &new, &record).await.expect("set_otp");
        check_eq!(enrollment(store, &account).await, new, "the whole enrollment is replaced");
    }
    check_eq!(actions(store, &account).await.len(), 5, "each replacement is recorded");

    let secret = OtpEnrollment {
        sealed_secret: Some(vec![1, 2, 3]),
        last_step: Some(60_000_000),
        code: Some((digest("older code"), at(300))),
    };
    store.set_otp(account.id, &secret, &audit(&account, "otp.set")).await.expect("set_otp");
    let (code, record) = (digest("newer code"), audit(&account, "otp.issue"));
    store.set_otp_code(account.id, &code, at(600), &record).await.expect("set_otp_code");
    let with_code = OtpEnrollment { code: Some((code, at(600))), ..secret };
    let kept = enrollment(store, &account).await;
    check_eq!(kept, with_code, "a code leaves the secret and the last step alone");
    let fresh = self::account(&realm(), "without otp");
    store.add_account(&fresh, None, &audit(&fresh, "account.add")).await.expect("add_account");
    let record = audit(&fresh, "otp.issue");
    store.set_otp_code(fresh.id, &code, at(600), &record).await.expect("set_otp_code");
    let only_code = OtpEnrollment { code: Some((code, at(600))), ..OtpEnrollment::default() };
    check_eq!(
        enrollment(store, &fresh).await,
        only_code,
        "an account without a secret can have a code"
    );

    let absent = self::account(&realm(), "absent");
    let refused =
        store.set_otp(absent.id, &OtpEnrollment::default(), &audit(&absent, "otp.set")).await;
    check_unknown(&refused);
    let record = audit(&absent, "otp.issue");
    let refused = store.set_otp_code(absent.id, &code, at(600), &record).await;
    check_unknown(&refused);
    check_empty!(actions(store, &absent).await, "a refused call is not recorded");
    let unknown = store.otp(absent.id).await.expect("otp");
    check_eq!(
        unknown,
        OtpEnrollment::default(),
        "an account that does not exist has no enrollment"
    );
}

/// Returns the enrollment of an account, which is found with the account too.
async fn enrollment(store: &dyn AdministrationStore, account: &Account) -> OtpEnrollment {
    let kept = store.otp(account.id).await.expect("otp");
    let subject = Subject::new(account.realm.clone(), account.user_id.as_str());
    let found = store.find(&subject).await.expect("find").expect("the account");
    check_eq!(found.otp.as_ref(), Some(&kept), "the account is found with its enrollment");
    kept
}

/// Tokens that expired or were revoked before the cutoff are deleted.
///
/// Proves P9.
pub(in crate::conformance) async fn p9_tokens_are_pruned(store: &dyn AdministrationStore) {
    let account = added(store).await;
    let expired = AccessToken { expires_at: at(-5000), ..access_token(&account) };
    let revoked = AccessToken { revoked_at: Some(at(-5000)), ..access_token(&account) };
    let live = access_token(&account);
    for token in [&expired, &revoked, &live] {
        let record = audit(&account, "access-token.add");
        store.add_access_token(token, &record).await.expect("add_access_token");
    }
    let digest_of_signed = digest("signed");
    let spend = ResetSpend::Signed { digest: digest_of_signed, expires_at: at(600) };
    let redemption = with(commit(&account, 1, "second"), |it| {
        it.at = at(-5000);
        it.spend = Some(spend);
        it.keep_token = Some(live.id);
    });
    let redeemed = store.commit(&redemption).await.expect("commit");
    check_eq!(redeemed, CommitOutcome::Done { version: 2 });
    let other = added(store).await;
    let late = ResetToken { expires_at: at(-5000), ..reset_token(&other) };
    let record = audit(&other, "reset-token.add");
    store
        .add_reset_token(&late, OlderTokens::Void, &record, &event(other.id, 0))
        .await
        .expect("add_reset_token");

    let cutoffs = PruneCutoffs { tokens: Some(at(-4999)), ..PruneCutoffs::default() };
    store.prune(&cutoffs, u32::MAX).await.expect("prune");
    for (token, kept) in [(&expired, false), (&revoked, false), (&live, true)] {
        let found = store.access_token(&token.digest).await.expect("access_token");
        check_eq!(found.is_some(), kept, "tokens that expired or were revoked earlier are deleted");
    }
    check_eq!(store.reset_token(&late.digest).await.expect("reset_token"), None);
    let again = with(commit(&account, 2, "third"), |it| it.spend = Some(spend));
    check_eq!(
        store.commit(&again).await.expect("commit"),
        CommitOutcome::TokenSpent,
        "a redeemed signed token stays redeemed until it expires"
    );
}

/// A store keeps the first check value of each key.
///
/// Proves K1.
pub(in crate::conformance) async fn k1_check_values_of_keys_are_kept(
    store: &dyn AdministrationStore,
) {
    let name = format!("pepper:{}", uuid().simple());
    let before = store.key_checks().await.expect("key_checks");
    check_eq!(before.get(&name), None);
    check_eq!(store.add_key_check(&name, &[1; 32]).await.expect("add_key_check"), [1; 32]);
    check_eq!(
        store.add_key_check(&name, &[2; 32]).await.expect("add_key_check"),
        [1; 32],
        "a second check value is not kept, and the first is returned"
    );
    store.replace_key_check(&name, &[3; 32]).await.expect("replace_key_check");
    let mut expected = before;
    expected.insert(name, [3; 32]);
    check_eq!(store.key_checks().await.expect("key_checks"), expected);
}
