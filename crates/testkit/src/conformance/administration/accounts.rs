use std::time::Duration;

use data_encoding::BASE64_NOPAD;

use super::{actions, added};
use crate::conformance::sample::{
    access_token, account, at, audit, commit, event, found, hash, key, realm, reset_token, rules,
    upgrade, uuid,
};
use repass_core::{
    Account, AccountError, AccountFilter, AdministrationStore, AttemptPath, AttemptState,
    AuditRecord, Commit, Committed, HashedPassword, Upgrade,
};

pub(in crate::conformance) async fn are_added_once(store: &dyn AdministrationStore) {
    let first = account(&realm(), "pat");
    let record = audit(&first, "account.add");
    store.add_account(&first, Some(&hash("first")), &record).await.expect("add_account");
    let by_id = store.account(first.id).await.expect("account");
    assert_eq!(by_id, Some(first.clone()), "found by its own identifier");

    let second = account(&first.realm, "pat");
    let record = audit(&second, "account.add");
    let refused = store.add_account(&second, None, &record).await;
    assert!(matches!(refused, Err(AccountError::Exists)), "one user id, one account: {refused:?}");
    assert_eq!(store.account(second.id).await.expect("account"), None, "nothing was added");
    assert!(actions(store, &second).await.is_empty(), "nor recorded");
    let credential = found(store, &first).await.credential.expect("a credential");
    assert_eq!(credential.hash, hash("first"), "and the first one is as it was");

    let elsewhere = account(&realm(), "pat");
    let record = audit(&elsewhere, "account.add");
    store.add_account(&elsewhere, None, &record).await.expect("another realm has its own pat");
    let other_case = account(&first.realm, "Pat");
    let record = audit(&other_case, "account.add");
    store.add_account(&other_case, None, &record).await.expect("case makes another user id");
}

/// Those of the current hash and those of the history.
pub(in crate::conformance) async fn name_the_peppers_they_need(store: &dyn AdministrationStore) {
    let ids: Vec<String> = (0..2).map(|_| uuid().simple().to_string()[24..].to_owned()).collect();
    let peppered = |id: &str| {
        let (id, tag) = (BASE64_NOPAD.encode(id.as_bytes()), BASE64_NOPAD.encode(&[7; 32]));
        let text = format!("$argon2id$v=19$m=19456,t=2,p=1,keyid={id}$c2FsdHNhbHQ${tag}");
        HashedPassword::from_stored(text)
    };
    let account = added(store).await;
    let needed = async |id: &String| store.peppers().await.expect("peppers").contains(id);
    let mut expected = hash("first");
    for (version, id) in (1..).zip(&ids) {
        assert!(!needed(id).await, "nobody has it yet");
        let change = Commit {
            expected_hash: Some(expected),
            hash: peppered(id),
            ..commit(&account, version, "peppered")
        };
        expected = change.hash.clone();
        let committed = store.commit(&change).await.expect("commit");
        assert!(matches!(committed, Committed::Done { .. }), "{committed:?}");
    }
    assert!(needed(&ids[0]).await && needed(&ids[1]).await, "by the history and by the account");
    let plain = Upgrade {
        expected_hash: expected,
        hash: hash("plain"),
        ..upgrade(&account, 3, "peppered", "plain")
    };
    assert!(store.upgrade(&plain).await.expect("upgrade"));
    assert!(needed(&ids[0]).await && !needed(&ids[1]).await, "only the history's is needed now");
}

pub(in crate::conformance) async fn are_listed_in_pages(store: &dyn AdministrationStore) {
    let realm = realm();
    let mut names = ["b", "a", "Z", "é", "a'b", "🔑", "ab", "a b"];
    for name in names {
        let account = account(&realm, name);
        let record = audit(&account, "account.add");
        store.add_account(&account, None, &record).await.expect("add_account");
    }
    added(store).await;

    names.sort_unstable();
    let mut listed: Vec<Account> = Vec::new();
    loop {
        let after = listed.last().map(|account| (account.realm.clone(), account.user_id.clone()));
        let filter = AccountFilter { realm: Some(realm.clone()), after, limit: 3 };
        let page = store.accounts(&filter).await.expect("accounts");
        assert!(page.len() <= 3, "at most as many as asked for");
        if page.is_empty() {
            break;
        }
        listed.extend(page);
    }
    let listed: Vec<_> = listed.iter().map(|account| account.user_id.as_str()).collect();
    assert_eq!(listed, names, "each once, by user id in the order of its bytes");

    let after = Some((realm.clone(), "é".parse().unwrap()));
    let filter = AccountFilter { realm: None, after, limit: 1 };
    let next = store.accounts(&filter).await.expect("accounts");
    assert_eq!(next[0].user_id.as_str(), "🔑", "pages go on over all realms too");
    let filter = AccountFilter { realm: None, after: None, limit: u32::MAX };
    let all = store.accounts(&filter).await.expect("accounts");
    let order: Vec<_> = all.iter().map(|one| (one.realm.clone(), one.user_id.clone())).collect();
    assert!(order.is_sorted(), "by realm, then by user id");
    assert!(all.iter().any(|one| one.realm != realm), "without a realm, all realms");
    let none = store.accounts(&AccountFilter { limit: 0, ..filter }).await.expect("accounts");
    assert!(none.is_empty(), "none asked for, none listed");
}

pub(in crate::conformance) async fn are_deactivated_with_their_tokens(
    store: &dyn AdministrationStore,
) {
    let (account, bystander) = (added(store).await, added(store).await);
    let (token, others) = (access_token(&account), access_token(&bystander));
    let reset = reset_token(&account);
    for token in [&token, &others] {
        let record = audit(&account, "access-token.add");
        store.add_access_token(token, &record).await.expect("add_access_token");
    }
    let record = audit(&account, "reset-token.add");
    store
        .add_reset_token(&reset, &record, &event(reset.account, 0))
        .await
        .expect("add_reset_token");

    let record = AuditRecord { at: at(5), ..audit(&account, "account.deactivate") };
    store.set_active(account.id, false, &record).await.expect("set_active");
    let inactive = store.account(account.id).await.expect("account").expect("still there");
    assert_eq!(inactive, Account { active: false, updated_at: at(5), ..account.clone() });
    let held = store.access_token(&token.digest).await.expect("access_token").expect("kept");
    assert_eq!((held.active, held.token.revoked_at), (false, Some(at(5))), "its tokens end");
    let reset = store.reset_token(&reset.digest).await.expect("reset_token").expect("kept");
    assert_eq!(reset.spent_at, Some(at(5)), "its reset tokens are void");
    let held = store.access_token(&others.digest).await.expect("access_token").expect("kept");
    assert_eq!((held.active, held.token.revoked_at), (true, None), "nobody else's tokens end");

    let record = AuditRecord { at: at(6), ..audit(&account, "account.activate") };
    store.set_active(account.id, true, &record).await.expect("set_active");
    let active = store.account(account.id).await.expect("account").expect("still there");
    assert!(active.active);
    let held = store.access_token(&token.digest).await.expect("access_token").expect("kept");
    assert_eq!(held.token.revoked_at, Some(at(5)), "what has ended does not come back");
    let trail = actions(store, &account).await;
    assert_eq!(trail[trail.len() - 2..], ["account.deactivate", "account.activate"]);

    let absent = self::account(&realm(), "absent");
    let record = audit(&absent, "account.deactivate");
    let refused = store.set_active(absent.id, false, &record).await;
    assert!(matches!(refused, Err(AccountError::Unknown)), "there is no such account");
    assert!(actions(store, &absent).await.is_empty(), "so there is nothing to record");
}

pub(in crate::conformance) async fn are_unlocked(store: &dyn AdministrationStore) {
    let account = added(store).await;
    let key = key(&account);
    let fresh = store.attempts(&key).await.expect("attempts");
    assert_eq!(fresh, AttemptState::default(), "no row, no failures");

    let rules = rules(1, Duration::from_secs(60));
    for path in [AttemptPath::Password, AttemptPath::Reset] {
        let charged = store.charge(&key, path, &rules, at(0), None).await.expect("charge");
        assert!(charged.is_ok(), "each path closes by itself");
    }
    let state = store.attempts(&key).await.expect("attempts");
    let closed = Some(at(60));
    let expected = AttemptState {
        failures: 2,
        password_closed_until: closed,
        reset_closed_until: closed,
        expires_at: None,
    };
    assert_eq!(state, expected);

    let record = audit(&account, "account.unlock");
    store.unlock(account.id, &record).await.expect("unlock");
    let state = store.attempts(&key).await.expect("attempts");
    assert_eq!(state, AttemptState::default(), "no failures are left");
    let charged =
        store.charge(&key, AttemptPath::Password, &rules, at(0), None).await.expect("charge");
    assert!(charged.is_ok(), "open again");
    assert_eq!(actions(store, &account).await, ["account.add", "account.unlock"]);

    let absent = self::account(&realm(), "absent");
    let refused = store.unlock(absent.id, &audit(&absent, "account.unlock")).await;
    assert!(matches!(refused, Err(AccountError::Unknown)), "there is no such account");
    assert!(actions(store, &absent).await.is_empty(), "so there is nothing to record");
}
