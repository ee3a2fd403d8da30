use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64_NOPAD;

use super::{actions, added, check_unknown};
use crate::conformance::check::{Unsupported, check_empty, check_eq, check_matches, require};
use crate::conformance::sample::{
    CONCURRENT_CALLS, access_token, account, at, audit, batch, commit, event, found, hash,
    hash_text, key, policy, realm, rehash, reserve, reset_token, uuid, with,
};
use repass_core::{
    Account, AccountError, AccountFilter, AdministrationStore, AttemptPath, AttemptState,
    AuditRecord, CommitOutcome, HashedPassword, NameKind, OlderTokens, Realm, Subject,
};

pub(in crate::conformance) async fn are_added_once(store: &dyn AdministrationStore) {
    let first = account(&realm(), "pat");
    let record = audit(&first, "account.add");
    store.add_account(&first, Some(&hash("first")), &record).await.expect("add_account");
    let by_id = store.account(first.id).await.expect("account");
    check_eq!(by_id, Some(first.clone()), "the account is found by its id");

    let second = account(&first.realm, "pat");
    let record = audit(&second, "account.add");
    let refused = store.add_account(&second, None, &record).await;
    check_matches!(
        refused,
        Err(AccountError::Exists),
        "a second account of the same user id is refused"
    );
    check_eq!(
        store.account(second.id).await.expect("account"),
        None,
        "a refused account is not added"
    );
    check_empty!(actions(store, &second).await, "a refused account is not recorded");
    let password = found(store, &first).await.password.expect("a password");
    check_eq!(password.hash, hash_text("first"), "the first account keeps its password");

    let elsewhere = account(&realm(), "pat");
    let record = audit(&elsewhere, "account.add");
    store
        .add_account(&elsewhere, None, &record)
        .await
        .expect("another realm may have the same user id");
    let other_case = account(&first.realm, "Pat");
    let record = audit(&other_case, "account.add");
    store
        .add_account(&other_case, None, &record)
        .await
        .expect("a user id in another case is another user id");
}

pub(in crate::conformance) async fn have_names_of_their_own(
    store: &dyn AdministrationStore,
) -> Result<(), Unsupported> {
    require(supports_edits(store).await, "edits")?;
    let named = |realm: &Realm, user_id: &str, email: &str, username: &str| {
        with(account(realm, user_id), |it| {
            it.email = email.parse().ok();
            it.username = Some(username.to_owned());
        })
    };
    let add = async |account: &Account| {
        store.add_account(account, None, &audit(account, "account.add")).await
    };
    let taken = |result| match result {
        Err(AccountError::NameTaken { kind, by }) => Some((kind, by)),
        _ => None,
    };
    let realm = realm();
    let first = named(&realm, "first", "Pat@example.org", "Pat");
    add(&first).await.expect("add_account");
    for (account, kind) in [
        (named(&realm, "second", "pat@Example.org", "sam"), NameKind::Email),
        (named(&realm, "second", "sam@example.org", "pAt"), NameKind::Username),
        (named(&realm, "second", "pat@example.org", "pat"), NameKind::Email),
    ] {
        let taken = taken(add(&account).await);
        let why = "an account with the name of another is refused";
        check_eq!(taken, Some((kind, first.id)), "{why}");
        check_empty!(actions(store, &account).await, "a refused account is not recorded");
        check_eq!(store.account(account.id).await.expect("account"), None, "it is not added");
    }
    let twice = named(&realm, "first", "pat@example.org", "pat");
    let why = "a second account of the user id is refused for this reason";
    check_matches!(add(&twice).await, Err(AccountError::Exists), "{why}");
    let second = named(&realm, "second", "sam@example.org", "sam");
    add(&second).await.expect("add_account");
    let other = named(&realm, "first", "sam@example.org", "other");
    check_matches!(add(&other).await, Err(AccountError::Exists), "{why}");
    let no_email = named(&realm, "third", "", "kim");
    add(&no_email).await.expect("add_account");
    let taken_name = named(&realm, "fourth", "", "KIM");
    let by = (NameKind::Username, no_email.id);
    check_eq!(taken(add(&taken_name).await), Some(by), "an account without an e-mail address");
    let elsewhere = named(&self::realm(), "first", "pat@example.org", "pat");
    add(&elsewhere).await.expect("another realm may have the same names");

    for (account, kind) in [
        (with(second.clone(), |it| it.email = "PAT@example.org".parse().ok()), NameKind::Email),
        (with(second.clone(), |it| it.username = Some("PAT".to_owned())), NameKind::Username),
        (
            with(second.clone(), |it| {
                it.email = "PAT@example.org".parse().ok();
                it.username = Some("kim".to_owned());
            }),
            NameKind::Email,
        ),
    ] {
        let refused =
            store.update_account(&second, &account, &audit(&account, "account.edit")).await;
        let why = "an edit to the name of another account is refused";
        check_eq!(taken(refused), Some((kind, first.id)), "{why}");
        let found = store.account(second.id).await.expect("account");
        check_eq!(found, Some(second.clone()), "a refused edit writes nothing");
    }

    let twin = with(named(&realm, "twin", "pat@example.org", "pat"), |it| it.updated_at = at(0));
    store
        .import_accounts(&batch(&twin, None))
        .await
        .expect("accounts of another system may share names");
    let edited = with(twin.clone(), |it| it.email = "pat@EXAMPLE.org".parse().ok());
    let record = audit(&edited, "account.edit");
    let kept = store.update_account(&twin, &edited, &record).await;
    kept.expect("an edit that keeps a shared name");
    Ok(())
}

pub(in crate::conformance) async fn of_concurrent_accounts_of_one_name_one_is_added(
    store: &Arc<dyn AdministrationStore>,
) -> Result<(), Unsupported> {
    require(supports_edits(&**store).await, "edits")?;
    let realm = realm();
    let adding: Vec<_> = (0..CONCURRENT_CALLS)
        .map(|number| {
            let named = with(account(&realm, &number.to_string()), |it| {
                it.email = "pat@example.org".parse().ok();
                it.username = Some(format!("pat{}", number % 2));
            });
            let store = Arc::clone(store);
            tokio::spawn(async move {
                store.add_account(&named, None, &audit(&named, "account.add")).await
            })
        })
        .collect();
    let mut added = 0;
    for one in adding {
        match one.await.expect("a task that adds") {
            Ok(()) => added += 1,
            Err(AccountError::NameTaken { .. }) => {}
            Err(error) => check_eq!(error.to_string(), "", "names are taken or not"),
        }
    }
    check_eq!(added, 1, "of {CONCURRENT_CALLS} accounts of one name exactly one is added");
    Ok(())
}

/// Those of the current hash and those of the history.
pub(in crate::conformance) async fn list_the_peppers_of_current_and_earlier_hashes(
    store: &dyn AdministrationStore,
) {
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
        assert!(!needed(id).await, "a pepper that no hash names is not listed");
        let change = with(commit(&account, version, "peppered"), |it| {
            it.expected_hash = Some(expected);
            it.hash = peppered(id);
        });
        expected = change.hash.clone();
        let committed = store.commit(&change).await.expect("commit");
        check_matches!(committed, CommitOutcome::Done { .. }, "{committed:?}");
    }
    assert!(
        needed(&ids[0]).await && needed(&ids[1]).await,
        "peppers of the current hash and of the history are listed"
    );
    let plain = with(rehash(&account, 3, "peppered", "plain"), |it| {
        it.expected_hash = expected;
        it.hash = hash("plain");
    });
    assert!(store.rehash(&plain).await.expect("rehash"));
    assert!(
        needed(&ids[0]).await && !needed(&ids[1]).await,
        "after the rehash only the pepper of the history is listed"
    );
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
        let filter = AccountFilter {
            realm: Some(realm.clone()),
            after,
            limit: 3,
            ..AccountFilter::default()
        };
        let page = store.accounts(&filter).await.expect("accounts");
        assert!(page.len() <= 3, "a page has no more accounts than asked for");
        if page.is_empty() {
            break;
        }
        listed.extend(page.into_iter().map(|found| found.account));
    }
    let listed: Vec<_> = listed.iter().map(|account| account.user_id.as_str()).collect();
    check_eq!(listed, names, "each account is listed once, by the bytes of its user id");

    let after = Some((realm.clone(), "é".parse().unwrap()));
    let filter = AccountFilter { after, limit: 1, ..AccountFilter::default() };
    let next = store.accounts(&filter).await.expect("accounts");
    check_eq!(
        next[0].account.user_id.as_str(),
        "🔑",
        "without a realm, pages continue after a realm and user id"
    );
    let filter = AccountFilter { limit: u32::MAX, ..AccountFilter::default() };
    let all = store.accounts(&filter).await.expect("accounts");
    let all: Vec<Account> = all.into_iter().map(|found| found.account).collect();
    let order: Vec<_> = all.iter().map(|one| (one.realm.clone(), one.user_id.clone())).collect();
    assert!(order.is_sorted(), "accounts are listed by realm, then by user id");
    assert!(
        all.iter().any(|one| one.realm != realm),
        "without a realm, accounts of all realms are listed"
    );
    let none = store.accounts(&AccountFilter { limit: 0, ..filter }).await.expect("accounts");
    check_empty!(none, "a page of no accounts is empty");
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
        .add_reset_token(&reset, OlderTokens::Void, &record, &event(reset.account, 0))
        .await
        .expect("add_reset_token");

    let record = AuditRecord { at: at(5), ..audit(&account, "account.deactivate") };
    store.set_active(account.id, false, &record).await.expect("set_active");
    let inactive = store.account(account.id).await.expect("account").expect("still there");
    check_eq!(
        inactive,
        with(account.clone(), |it| {
            it.active = false;
            it.updated_at = at(5);
        })
    );
    let held = store.access_token(&token.digest).await.expect("access_token").expect("kept");
    check_eq!(
        (held.active, held.token.revoked_at),
        (false, Some(at(5))),
        "deactivation revokes the account's access tokens"
    );
    let reset = store.reset_token(&reset.digest).await.expect("reset_token").expect("kept");
    check_eq!(reset.spent_at, Some(at(5)), "deactivation voids the account's reset tokens");
    let held = store.access_token(&others.digest).await.expect("access_token").expect("kept");
    check_eq!(
        (held.active, held.token.revoked_at),
        (true, None),
        "deactivation revokes no token of another account"
    );

    let record = AuditRecord { at: at(6), ..audit(&account, "account.activate") };
    store.set_active(account.id, true, &record).await.expect("set_active");
    let active = store.account(account.id).await.expect("account").expect("still there");
    assert!(active.active);
    let held = store.access_token(&token.digest).await.expect("access_token").expect("kept");
    check_eq!(held.token.revoked_at, Some(at(5)), "activation restores no revoked token");
    let records = actions(store, &account).await;
    check_eq!(records[records.len() - 2..], ["account.deactivate", "account.activate"]);

    let absent = self::account(&realm(), "absent");
    let record = audit(&absent, "account.deactivate");
    let refused = store.set_active(absent.id, false, &record).await;
    check_unknown(&refused);
    check_empty!(actions(store, &absent).await, "a refused call is not recorded");
}

pub(in crate::conformance) async fn are_unlocked(store: &dyn AdministrationStore) {
    let account = added(store).await;
    let key = key(&account);
    let fresh = store.attempts(&key).await.expect("attempts");
    check_eq!(fresh, AttemptState::default(), "without a row there are no failures");

    let policy = policy(1, Duration::from_secs(60));
    for path in [AttemptPath::Password, AttemptPath::Reset] {
        let reserved = reserve(store, &key, path, &policy, at(0), None).await;
        reserved.expect("each path is locked out by its own failures");
    }
    let state = store.attempts(&key).await.expect("attempts");
    let locked_until = Some(at(60));
    let expected = AttemptState {
        failures: 2,
        password_locked_until: locked_until,
        reset_locked_until: locked_until,
        expires_at: None,
    };
    check_eq!(state, expected, "the row is read as it was written");

    let record = audit(&account, "account.unlock");
    store.unlock(account.id, &record).await.expect("unlock");
    let state = store.attempts(&key).await.expect("attempts");
    check_eq!(state, AttemptState::default(), "unlocking clears the failures");
    let reserved = reserve(store, &key, AttemptPath::Password, &policy, at(0), None).await;
    reserved.expect("an unlocked account is not locked out");
    check_eq!(actions(store, &account).await, ["account.add", "account.unlock"]);

    let absent = self::account(&realm(), "absent");
    let refused = store.unlock(absent.id, &audit(&absent, "account.unlock")).await;
    check_unknown(&refused);
    check_empty!(actions(store, &absent).await, "a refused call is not recorded");
}

/// Proves C3.
pub(in crate::conformance) async fn c3_are_edited(
    store: &dyn AdministrationStore,
) -> Result<(), Unsupported> {
    require(supports_edits(store).await, "edits")?;
    let (account, bystander) = (added(store).await, added(store).await);
    let edited = with(account.clone(), |it| {
        it.email = Some("new@example.org".parse().unwrap());
        it.username = None;
        it.profile.given_name = Some("Patricia".to_owned());
        it.updated_at = at(5);
    });
    let attempt = with(edited.clone(), |it| it.created_at = at(50));
    let record = AuditRecord { at: at(5), ..audit(&account, "account.edit") };
    store.update_account(&account, &attempt, &record).await.expect("update_account");
    let found = store.account(account.id).await.expect("account");
    let why = "e-mail, user name and profile are written, and nothing else";
    check_eq!(found, Some(edited.clone()), "{why}");
    let named = store.find_by_name(&account.realm, NameKind::Email, "new@example.org").await;
    check_eq!(named.expect("find_by_name").len(), 1, "the account is found by its new address");
    let other = store.account(bystander.id).await.expect("account");
    check_eq!(other, Some(bystander), "another account is not edited");
    let stale = with(edited.clone(), |it| it.username = Some("stale".to_owned()));
    let refused = store.update_account(&account, &stale, &record).await;
    check_matches!(refused, Err(AccountError::Changed), "another edit came first");
    let found = store.account(account.id).await.expect("account");
    check_eq!(found, Some(edited.clone()), "a refused edit writes nothing");
    check_eq!(actions(store, &account).await, ["account.add", "account.edit"]);

    let record = AuditRecord { at: at(-5), ..audit(&account, "account.edit") };
    store.update_account(&edited, &edited, &record).await.expect("update_account");
    let found = store.account(account.id).await.expect("account").expect("kept");
    let microsecond_later = at(5).checked_add(jiff::SignedDuration::from_micros(1)).unwrap();
    check_eq!(found.updated_at, microsecond_later, "every edit moves the time forward");

    let absent = self::account(&realm(), "absent");
    let record = audit(&absent, "account.edit");
    check_unknown(&store.update_account(&absent, &absent, &record).await);
    check_empty!(actions(store, &absent).await, "a refused call is not recorded");
    Ok(())
}

pub(in crate::conformance) async fn are_deactivated_by_an_edit(
    store: &dyn AdministrationStore,
) -> Result<(), Unsupported> {
    require(supports_edits(store).await, "edits")?;
    let account = added(store).await;
    let (token, reset) = (access_token(&account), reset_token(&account));
    let record = audit(&account, "access-token.add");
    store.add_access_token(&token, &record).await.expect("add_access_token");
    let (record, event) = (audit(&account, "reset-token.add"), event(account.id, 0));
    let added = store.add_reset_token(&reset, OlderTokens::Void, &record, &event).await;
    added.expect("add_reset_token");

    let mut old = account;
    for (second, active) in [(5, false), (6, false), (7, true)] {
        let new = with(old.clone(), |it| {
            it.username = Some(format!("at {second}"));
            it.active = active;
            it.updated_at = at(second);
        });
        let record = AuditRecord { at: at(second), ..audit(&new, "account.edit") };
        store.update_account(&old, &new, &record).await.expect("update_account");
        let found = store.account(new.id).await.expect("account");
        check_eq!(found.as_ref(), Some(&new), "an edit changes the state too");
        let held = store.access_token(&token.digest).await.expect("access_token").expect("kept");
        check_eq!(
            (held.token.revoked_at, held.valid_after),
            (Some(at(5)), Some(at(5))),
            "only the edit that deactivates the account revokes its access tokens"
        );
        let kept = store.reset_token(&reset.digest).await.expect("reset_token").expect("kept");
        check_eq!(kept.spent_at, Some(at(5)), "it voids the account's reset tokens");
        old = new;
    }
    Ok(())
}

pub(in crate::conformance) async fn are_filtered(store: &dyn AdministrationStore) {
    let realm = realm();
    let mut names = Vec::new();
    for (name, created, password, active) in [
        ("a", 0, Some("first"), true),
        ("b", 10, Some("first"), true),
        ("c", 0, None, true),
        ("d", 0, Some("first"), false),
    ] {
        let account = with(account(&realm, name), |it| {
            it.created_at = at(created);
            it.updated_at = at(created);
            it.active = active;
        });
        let record = audit(&account, "account.add");
        let hash = password.map(hash);
        store.add_account(&account, hash.as_ref(), &record).await.expect("add_account");
        names.push(account);
    }
    let change = with(commit(&names[0], 1, "second"), |it| it.at = at(20));
    let committed = store.commit(&change).await.expect("commit");
    check_matches!(committed, CommitOutcome::Done { .. }, "{committed:?}");
    let listed = async |active: Option<bool>, changed_before: Option<i64>| {
        let filter = AccountFilter {
            realm: Some(realm.clone()),
            active,
            changed_before: changed_before.map(at),
            limit: 10,
            ..AccountFilter::default()
        };
        let accounts = store.accounts(&filter).await.expect("accounts");
        for listed in &accounts {
            let subject = Subject::new(realm.clone(), listed.account.user_id.as_str());
            let found = store.find(&subject).await.expect("find");
            check_eq!(found.as_ref(), Some(listed), "it is listed as it is found");
        }
        let names = accounts.iter().map(|listed| listed.account.user_id.as_str());
        names.collect::<Vec<_>>().concat()
    };
    check_eq!(listed(None, None).await, "abcd");
    check_eq!(listed(Some(true), None).await, "abc");
    check_eq!(listed(Some(false), None).await, "d");
    check_eq!(listed(None, Some(21)).await, "abd", "accounts without a password have no time");
    check_eq!(listed(None, Some(20)).await, "bd");
    check_eq!(listed(Some(true), Some(10)).await, "");
}

/// Proves C3.
pub(in crate::conformance) async fn c3_are_deleted_with_their_data(
    store: &dyn AdministrationStore,
) -> Result<(), Unsupported> {
    require(supports_edits(store).await, "edits")?;
    let (account, bystander) = (added(store).await, added(store).await);
    let (token, reset) = (access_token(&account), reset_token(&account));
    let record = audit(&account, "access-token.add");
    store.add_access_token(&token, &record).await.expect("add_access_token");
    let record = audit(&account, "reset-token.add");
    let event = event(account.id, 0);
    store
        .add_reset_token(&reset, OlderTokens::Void, &record, &event)
        .await
        .expect("add_reset_token");
    let record = audit(&account, "otp.enroll");
    let enrollment = repass_core::OtpEnrollment::default();
    store.set_otp(account.id, &enrollment, &record).await.expect("set_otp");
    let change = commit(&account, 1, "second");
    let committed = store.commit(&change).await.expect("commit");
    check_matches!(committed, CommitOutcome::Done { .. }, "{committed:?}");
    let policy = policy(1, Duration::from_secs(60));
    let row = key(&account);
    let reserved = reserve(store, &row, AttemptPath::Password, &policy, at(0), None).await;
    reserved.expect("reserve");

    let record = audit(&account, "account.delete");
    let since = found(store, &account).await.account.updated_at;
    let refused = store.delete_account(account.id, Some(at(-1)), &record).await;
    check_matches!(refused, Err(AccountError::Changed), "the account was changed since");
    check_eq!(found(store, &account).await.account.updated_at, since, "it is not deleted");
    store.delete_account(account.id, Some(since), &record).await.expect("delete_account");
    check_eq!(store.account(account.id).await.expect("account"), None);
    check_eq!(store.access_token(&token.digest).await.expect("access_token"), None);
    check_eq!(store.reset_token(&reset.digest).await.expect("reset_token"), None);
    check_eq!(store.entry(event.id).await.expect("entry"), None, "its events are deleted");
    let attempts = store.attempts(&row).await.expect("attempts");
    check_eq!(attempts, AttemptState::default(), "its failures are deleted");
    let last = actions(store, &account).await.pop();
    check_eq!(last.as_deref(), Some("account.delete"), "its audit records stay");
    let other = store.account(bystander.id).await.expect("account");
    check_eq!(other, Some(bystander), "another account stays");

    let again = self::account(&account.realm, "pat");
    let record = audit(&again, "account.add");
    store.add_account(&again, None, &record).await.expect("its user id can be added again");
    for since in [None, Some(since)] {
        check_unknown(&store.delete_account(account.id, since, &record).await);
    }
    Ok(())
}

/// Returns whether the store can edit and delete accounts.
async fn supports_edits(store: &dyn AdministrationStore) -> bool {
    let absent = self::account(&realm(), "absent");
    let refused = store.delete_account(absent.id, None, &audit(&absent, "account.delete")).await;
    !matches!(refused, Err(AccountError::KeptElsewhere))
}
