//! Changes of passwords that stand in a mapped table.

use std::sync::Arc;
use std::time::Duration;

use repass_core::{
    Account, AdministrationStore, Argon2idHasher, AuditFilter, ChangeError, Clock, Commit,
    CommitOutcome, CredentialStore, HashProfile, HashedPassword, Hasher, HasherOptions,
    Normalisation, OutboxFilter, OutboxState, OutboxStore, Proof, StoreError, SystemRandomness,
};
use repass_testkit::fixtures;

use crate::application::{Application, User};
use crate::house::{House, NEW, OLD};

pub(crate) async fn only_the_hash_is_written(application: Application) {
    let house = House::new(application).await;
    let (user, bystander) = (house.user().await, house.user().await);
    let before = house.application.untouched().await;
    let (old, others) = (house.application.pw(&user).await, house.application.pw(&bystander).await);

    let changed = house.change(&user, OLD, NEW).await.unwrap();
    assert_eq!((changed.version, changed.account.id), (2, user.account()));
    assert_eq!(house.application.untouched().await, before, "no other column, no other row");
    assert_eq!(house.application.pw(&bystander).await, others);
    let new = house.application.pw(&user).await.unwrap();
    assert!(new.starts_with("$argon2id$"), "a plain PHC string");
    assert_eq!(house.history(&user).await, [old.unwrap()]);
    let touched = format!("users WHERE touched = 1 AND id = '{}'", user.id);
    assert_eq!(house.application.count(&touched).await, 1, "the application's trigger ran");
    assert_eq!(house.application.count("diary").await, 1);
    if house.application.is_postgres() {
        assert_eq!(house.application.count("public.audit").await, 1, "by the names it knows");
    }

    let own = if house.application.is_postgres() { "repass." } else { "" };
    let copies = format!("{own}credentials WHERE hash IS NOT NULL OR fingerprint IS NULL");
    assert_eq!(house.application.count(&copies).await, 0, "no copy of the hash is kept");
    house.clock.advance(Duration::from_secs(5));
    let again = house.change(&user, OLD, NEW).await;
    assert!(matches!(again, Err(ChangeError::WrongPassword)));
    let reused = house.change(&user, NEW, OLD).await;
    assert!(matches!(reused, Err(ChangeError::Rejected(_))), "the history knows it: {reused:?}");
    assert_eq!(house.version(&user).await, 2);
}

/// [`OLD`] as bcrypt, made for these tests with libxcrypt 4.4.
const BCRYPT: &str = "$2b$04$CCCCCCCCCCCCCCCCCCCCC.dZSzeKMSMwPfV7hLk5Eq2XD8RgyX74O";

pub(crate) async fn hashes_of_other_families_are_replaced(application: Application) {
    let house = House::new(application).await;
    let mut hashes = vec![BCRYPT.to_owned()];
    let heavier = HashProfile::new(12_288, 3, 1).unwrap();
    for profile in [HashProfile::INSECURE_FOR_TESTS, HashProfile::default(), heavier] {
        let options = HasherOptions { profile, ..HasherOptions::default() };
        let hasher = Argon2idHasher::start(&options, Arc::new(SystemRandomness)).unwrap();
        hashes.push(hasher.hash(house.accepted(OLD)).await.unwrap().as_str().to_owned());
    }
    for hash in hashes {
        let user = User::new(&hash);
        house.application.insert(&user).await;
        let wrong = house.change(&user, "not the right password", NEW).await;
        assert!(matches!(wrong, Err(ChangeError::WrongPassword)), "{wrong:?}");
        house.clock.advance(Duration::from_secs(3600));
        let changed = house.change(&user, OLD, NEW).await;
        assert_eq!(changed.unwrap().version, 2, "{}", &hash[..10]);
        assert!(house.application.pw(&user).await.unwrap().starts_with("$argon2id$"));
        assert_eq!(house.history(&user).await, [hash], "what was there is remembered");
        let back = house.change(&user, NEW, OLD).await;
        assert!(matches!(back, Err(ChangeError::Rejected(_))), "and recognised: {back:?}");
    }
}

pub(crate) async fn h1_only_a_hash_that_determines_the_password_is_replaced_in_place(
    application: Application,
) {
    let house = House::new(application).await;
    let long = "correct horse battery staple, ".repeat(3);
    // Of `long`, made for these tests with libxcrypt 4.4.
    let of_long = "$2b$04$CCCCCCCCCCCCCCCCCCCCC.WS95vnpaSaEswqHuOCVbsSLJ7ZTfkV2";
    let mistyped = &format!("{} TYPO", &long[..72]);
    for (hash, typed, replaced) in [
        (BCRYPT.to_owned(), OLD, true),
        (of_long.to_owned(), mistyped, false),
        (format!("{{CRYPT}}{of_long}"), mistyped, false),
    ] {
        let user = User::new(&hash);
        house.application.insert(&user).await;
        let refused = house.change(&user, typed, "short").await;
        assert!(matches!(refused, Err(ChangeError::Rejected(_))), "{refused:?}");
        let stored = house.application.pw(&user).await.unwrap();
        assert_eq!(stored.starts_with("$argon2id$"), replaced, "{hash}");
        assert!(replaced || stored == hash);
    }
}

pub(crate) async fn what_the_application_changes_counts(application: Application) {
    let house = House::new(application).await;
    let user = house.user().await;
    house.change(&user, OLD, NEW).await.unwrap();
    let theirs = house.hash("what the application set").await;
    house.application.set_pw(&user, Some(theirs.as_str())).await;

    let found = house.find(&user).await.unwrap().credential.unwrap();
    let seen = (found.hash.as_str(), found.version);
    assert_eq!(seen, (theirs.as_str(), 3), "it is the next version");
    assert_eq!(found.hash.normalisation(), Normalisation::AsReceived, "nobody knows of any");
    let past = house.change(&user, NEW, "yet another one of mine").await;
    assert!(matches!(past, Err(ChangeError::WrongPassword)), "{past:?}");
    house.clock.advance(Duration::from_secs(3600));
    let changed = house.change(&user, "what the application set", "yet another one of mine").await;
    assert_eq!(changed.unwrap().version, 4);
    assert_eq!(house.history(&user).await[0], theirs.as_str(), "it goes to the history");

    house.application.set_pw(&user, None).await;
    assert_eq!(house.find(&user).await.unwrap().credential, None, "it took the password away");
    let realm = user.realm();
    let token = house.desk.issue_reset(&realm, "pat", Duration::from_secs(60)).await.unwrap().1;
    let reset = house.prove(&user, Proof::ResetToken(token), "the first one once more").await;
    assert_eq!(reset.unwrap().version, 5, "versions never count back");
}

fn commit(user: &User, expected: (i64, &str), hash: &str) -> Commit {
    let account = fixtures::account(&user.realm(), &user.login);
    let account = Account { id: user.account(), ..account };
    Commit {
        expected_hash: Some(HashedPassword::from_stored(expected.1)),
        hash: HashedPassword::from_stored(hash),
        ..fixtures::commit(&account, expected.0, hash)
    }
}

pub(crate) async fn a_hash_that_changed_meanwhile_conflicts(application: Application) {
    let store = application.open().await;
    let user = User::new("first");
    application.insert(&user).await;
    application.set_pw(&user, Some("theirs")).await;
    // Version 1 as well: only the hash tells that it is another one.
    let late = commit(&user, (1, "first"), "ours");
    assert_eq!(store.commit(&late).await.unwrap(), CommitOutcome::Conflict);
    assert_eq!(application.pw(&user).await.as_deref(), Some("theirs"), "it is not overwritten");
    let none = Commit { expected_hash: None, expected_version: 0, ..late.clone() };
    assert_eq!(store.commit(&none).await.unwrap(), CommitOutcome::Conflict);
    let own = if application.is_postgres() { "repass." } else { "" };
    for table in ["credentials", "password_history", "outbox", "audit"] {
        assert_eq!(application.count(&format!("{own}{table}")).await, 0, "{table}");
    }
    let right = commit(&user, (1, "theirs"), "ours");
    assert_eq!(store.commit(&right).await.unwrap(), CommitOutcome::Done { version: 2 });
    let wrong_version = commit(&user, (1, "ours"), "more");
    assert_eq!(store.commit(&wrong_version).await.unwrap(), CommitOutcome::Conflict);
}

pub(crate) async fn of_changes_at_once_one_wins(application: Application) {
    let store = Arc::new(application.open().await);
    let other = Arc::new(application.open().await);
    let application = Arc::new(application);
    let user = User::new("first");
    application.insert(&user).await;
    let mut rivals = Vec::new();
    for rival in 0..10 {
        let (store, user) =
            (Arc::clone(if rival % 2 == 0 { &store } else { &other }), user.clone());
        rivals.push(tokio::spawn(async move {
            let change = commit(&user, (1, "first"), &format!("of {rival}"));
            store.commit(&change).await.unwrap() == CommitOutcome::Done { version: 2 }
        }));
    }
    for rival in 0..10 {
        let (application, id) = (Arc::clone(&application), user.id);
        rivals.push(tokio::spawn(async move {
            // As the application itself does it.
            let update = format!(
                "UPDATE users SET pw = 'theirs {rival}' WHERE id = '{id}' AND pw = 'first'"
            );
            let update = sqlx::query(sqlx::AssertSqlSafe(update));
            update.execute(&application.pool).await.unwrap().rows_affected() == 1
        }));
    }
    let mut winners = 0;
    for rival in rivals {
        winners += i32::from(rival.await.unwrap());
    }
    assert_eq!(winners, 1, "of both together");
    let touched = format!("users WHERE touched = 1 AND id = '{}'", user.id);
    assert_eq!(application.count(&touched).await, 1);
}

pub(crate) async fn rows_may_go_at_any_time(application: Application) {
    let house = House::new(application).await;
    let user = house.user().await;
    let token = house.token(&user).await;
    let account = house.account(&user).await;
    house.desk.issue_reset(&user.realm(), "pat", Duration::from_secs(60)).await.unwrap();
    assert!(house.counts(&user, &token).await);
    let pw = house.application.pw(&user).await.unwrap();
    house.application.execute(&format!("DELETE FROM users WHERE id = '{}'", user.id)).await;

    assert_eq!(house.find(&user).await, None);
    assert!(!house.counts(&user, &token).await, "its tokens go with it");
    let change = commit(&user, (1, &pw), "late");
    assert_eq!(house.store.commit(&change).await.unwrap(), CommitOutcome::Conflict);
    assert!(house.store.register(&account).await.is_err());
    assert!(house.desk.unlock(&user.realm(), "pat").await.is_err());

    // Somebody else gets its name.
    let heir = User { id: User::new("").id, pw: Some(pw.clone()), ..user.clone() };
    house.application.insert(&heir).await;
    assert_eq!(house.store.commit(&change).await.unwrap(), CommitOutcome::Conflict);
    assert!(!house.counts(&heir, &token).await, "and inherits nothing else");
    assert_eq!(house.change(&heir, OLD, NEW).await.unwrap().account.id, heir.account());

    let lease = Duration::from_secs(10);
    house.clock.advance(Duration::from_secs(3600));
    let now = house.clock.now();
    let claimed = house.store.claim(now, lease, 10).await.unwrap();
    let claimed: Vec<_> = claimed.iter().map(|claimed| claimed.holder.id).collect();
    assert_eq!(claimed, [heir.account()], "nobody is left to be told of the other");
    let dead = OutboxFilter { state: Some(OutboxState::Dead), limit: 10 };
    let dead = house.store.entries(&dead).await.unwrap();
    assert_eq!(dead[0].error.as_deref(), Some("the account is gone"));
}

pub(crate) async fn a_closing_account_is_told_of_before_it_was_ever_written(
    application: Application,
) {
    let house = House::new(application).await;
    let user = house.user().await;
    for _ in 0..3 {
        let wrong = house.change(&user, "a wrong guess of mine", NEW).await;
        assert!(matches!(wrong, Err(ChangeError::WrongPassword)), "{wrong:?}");
    }
    let closed = house.change(&user, OLD, NEW).await;
    assert!(matches!(closed, Err(ChangeError::TooManyAttempts { .. })), "{closed:?}");
    let events = house.store.outbox(10).await.unwrap();
    assert_eq!((events.len(), events[0].kind.as_str()), (1, "account.locked"));
    assert_eq!(events[0].account, user.account());
    let (_, state) = house.desk.show_account(&user.realm(), "pat").await.unwrap();
    assert_eq!(state.failures, 3);
    house.desk.unlock(&user.realm(), "pat").await.unwrap();
    house.change(&user, OLD, NEW).await.unwrap();
    let filter =
        AuditFilter { account: Some(user.account()), limit: 100, ..AuditFilter::default() };
    assert_eq!(house.store.audit(&filter).await.unwrap().len(), 6);
}

pub(crate) async fn a_name_that_two_rows_have_is_damage(application: Application) {
    // SQLite drops no constraint, so the table is made anew without it.
    application.execute("ALTER TABLE users RENAME TO once").await;
    application.execute("CREATE TABLE users AS SELECT * FROM once").await;
    if application.is_postgres() {
        application.execute("DROP TABLE once").await;
    } else {
        application.execute("DROP TABLE once; DROP TABLE users").await;
        application
            .execute(
                "CREATE TABLE users (id TEXT, tenant TEXT, login TEXT COLLATE NOCASE, mail TEXT,
                                     nick TEXT, pw TEXT, enabled INTEGER)",
            )
            .await;
    }
    let store = application.open().await;
    let add = |id: uuid::Uuid, login: &str| {
        let id = if application.is_postgres() {
            format!("CAST('{id}' AS UUID)")
        } else {
            format!("'{id}'")
        };
        let enabled = if application.is_postgres() { "TRUE" } else { "1" };
        let insert = format!(
            "INSERT INTO users (id, tenant, login, pw, enabled)
             VALUES ({id}, 'shop', '{login}', 'first', {enabled})"
        );
        let application = &application;
        async move { application.execute(&insert).await }
    };
    let twins = [User::new("first"), User::new("first"), User::new("first")];
    add(twins[0].id, "pat").await;
    add(twins[1].id, "Pat").await;
    let pat = User { tenant: "shop".to_owned(), ..twins[0].clone() };
    let found = store.find(&pat.subject()).await.unwrap().unwrap();
    assert_eq!(found.account.id, pat.account(), "case makes another account");
    add(twins[2].id, "pat").await;
    let error = store.find(&pat.subject()).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged(_)), "{error:?}");
    let error = store.commit(&commit(&pat, (1, "first"), "ours")).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged(_)), "{error:?}");
    let unchanged = application.count("users WHERE pw = 'first'").await;
    assert_eq!(unchanged, 3, "none of them is picked");
}
