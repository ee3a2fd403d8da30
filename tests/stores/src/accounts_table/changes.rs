//! Changes of passwords in a mapped table.

use std::sync::Arc;
use std::time::Duration;

use repass_core::{
    Argon2idHasher, AuditFilter, ChangeError, ClaimEvents, Clock, Commit, CommitOutcome,
    DeliveryState, HashProfile, HashedPassword, Hasher, HasherOptions, Normalization, OutboxFilter,
    Proof, StoreError, SystemRandomness,
};
use repass_testkit::fixtures;

use crate::application::{Application, User};
use crate::context::{NEW, OLD, TestContext};

pub(crate) async fn only_the_hash_is_written(application: Application) {
    let context = TestContext::new(application.with_users().await).await;
    let (user, bystander) = (context.user().await, context.user().await);
    let before = context.application.unmapped_columns().await;
    let (old, others) =
        (context.application.pw(&user).await, context.application.pw(&bystander).await);

    let changed = context.change(&user, OLD, NEW).await.unwrap();
    assert_eq!((changed.version, changed.account.id), (2, user.account()));
    assert_eq!(
        context.application.unmapped_columns().await,
        before,
        "no other column or row was changed"
    );
    assert_eq!(context.application.pw(&bystander).await, others);
    let new = context.application.pw(&user).await.unwrap();
    assert!(new.starts_with("$argon2id$"), "a plain PHC string");
    assert_eq!(context.history(&user).await, [old.unwrap()]);
    let touched = format!("users WHERE touched = 1 AND id = '{}'", user.id);
    assert_eq!(context.application.count(&touched).await, 1, "the application's trigger ran");
    assert_eq!(context.application.count("diary").await, 1);
    if context.application.is_postgres() {
        assert_eq!(
            context.application.count("public.audit").await,
            1,
            "the trigger writes to its own table"
        );
    }

    let copies = format!("{} WHERE hash IS NOT NULL", context.application.own_table("accounts"));
    assert_eq!(context.application.count(&copies).await, 0, "no copy of the hash is stored");
    context.clock.advance(Duration::from_secs(5));
    let again = context.change(&user, OLD, NEW).await;
    assert!(matches!(again, Err(ChangeError::WrongPassword)));
    let reused = context.change(&user, NEW, OLD).await;
    assert!(matches!(reused, Err(ChangeError::Rejected(_))), "the history is checked: {reused:?}");
    assert_eq!(context.version(&user).await, 2);
}

/// [`OLD`] hashed with bcrypt by libxcrypt 4.4.
const BCRYPT: &str = "$2b$04$CCCCCCCCCCCCCCCCCCCCC.dZSzeKMSMwPfV7hLk5Eq2XD8RgyX74O";

pub(crate) async fn hashes_of_other_families_are_replaced(application: Application) {
    let context = TestContext::new(application.with_users().await).await;
    let mut hashes = vec![BCRYPT.to_owned()];
    let heavier = HashProfile::new(12_288, 3, 1).unwrap();
    for profile in [HashProfile::INSECURE_FOR_TESTS, HashProfile::default(), heavier] {
        let options = HasherOptions { profile, ..HasherOptions::default() };
        let hasher = Argon2idHasher::start(&options, Arc::new(SystemRandomness)).unwrap();
        hashes.push(hasher.hash(context.accepted(OLD)).await.unwrap().as_str().to_owned());
    }
    for hash in hashes {
        let user = User::new(&hash);
        context.application.insert(&user).await;
        let wrong = context.change(&user, "not the right password", NEW).await;
        assert!(matches!(wrong, Err(ChangeError::WrongPassword)), "{wrong:?}");
        context.clock.advance(Duration::from_secs(3600));
        let changed = context.change(&user, OLD, NEW).await;
        assert_eq!(changed.unwrap().version, 2, "{}", &hash[..10]);
        assert!(context.application.pw(&user).await.unwrap().starts_with("$argon2id$"));
        assert_eq!(context.history(&user).await, [hash], "the replaced hash is in the history");
        let back = context.change(&user, NEW, OLD).await;
        assert!(matches!(back, Err(ChangeError::Rejected(_))), "the history is checked: {back:?}");
    }
}

/// Proves H1.
pub(crate) async fn h1_only_a_hash_that_determines_the_password_is_replaced_in_place(
    application: Application,
) {
    let context = TestContext::new(application.with_users().await).await;
    let long = "correct horse battery staple, ".repeat(3);
    // `long` hashed by libxcrypt 4.4.
    let of_long = "$2b$04$CCCCCCCCCCCCCCCCCCCCC.WS95vnpaSaEswqHuOCVbsSLJ7ZTfkV2";
    let mistyped = &format!("{} TYPO", &long[..72]);
    for (hash, typed, replaced) in [
        (BCRYPT.to_owned(), OLD, true),
        (of_long.to_owned(), mistyped, false),
        (format!("{{CRYPT}}{of_long}"), mistyped, false),
    ] {
        let user = User::new(&hash);
        context.application.insert(&user).await;
        let refused = context.change(&user, typed, "short").await;
        assert!(matches!(refused, Err(ChangeError::Rejected(_))), "{refused:?}");
        let stored = context.application.pw(&user).await.unwrap();
        assert_eq!(stored.starts_with("$argon2id$"), replaced, "{hash}");
        assert!(replaced || stored == hash);
    }
}

pub(crate) async fn hashes_that_the_application_sets_are_used(application: Application) {
    let context = TestContext::new(application.with_users().await).await;
    let user = context.user().await;
    context.change(&user, OLD, NEW).await.unwrap();
    let theirs = context.hash("what the application set").await;
    context.application.set_pw(&user, Some(theirs.as_str())).await;

    let found = context.find(&user).await.unwrap().credential.unwrap();
    let seen = (found.hash.as_str(), found.version);
    assert_eq!(seen, (theirs.as_str(), 3), "the version increases");
    assert_eq!(
        found.hash.normalization(),
        Normalization::AsReceived,
        "the normalization is unknown"
    );
    let past = context.change(&user, NEW, "yet another one of mine").await;
    assert!(matches!(past, Err(ChangeError::WrongPassword)), "{past:?}");
    context.clock.advance(Duration::from_secs(3600));
    let changed =
        context.change(&user, "what the application set", "yet another one of mine").await;
    assert_eq!(changed.unwrap().version, 4);
    assert_eq!(context.history(&user).await[0], theirs.as_str(), "the hash moves to the history");

    context.application.set_pw(&user, None).await;
    assert_eq!(
        context.find(&user).await.unwrap().credential,
        None,
        "the application removed the password"
    );
    let realm = user.realm();
    let token =
        context.administration.issue_reset(&realm, "pat", Duration::from_secs(60)).await.unwrap().1;
    let reset = context.prove(&user, Proof::ResetToken(token), "the first one once more").await;
    assert_eq!(reset.unwrap().version, 5, "the version increases");
}

fn commit(user: &User, expected: (i64, &str), hash: &str) -> Commit {
    let account = fixtures::account(&user.realm(), &user.login);
    let account = fixtures::with(account, |it| it.id = user.account());
    fixtures::with(fixtures::commit(&account, expected.0, hash), |it| {
        it.expected_hash = Some(HashedPassword::from_stored(expected.1));
        it.hash = HashedPassword::from_stored(hash);
    })
}

pub(crate) async fn a_hash_that_changed_meanwhile_conflicts(application: Application) {
    let application = application.with_users().await;
    let store = application.open().await;
    let user = User::new("first");
    application.insert(&user).await;
    application.set_pw(&user, Some("theirs")).await;
    // The version is 1 as well; only the hash differs.
    let late = commit(&user, (1, "first"), "ours");
    assert_eq!(store.commit(&late).await.unwrap(), CommitOutcome::Conflict);
    assert_eq!(
        application.pw(&user).await.as_deref(),
        Some("theirs"),
        "the hash is not overwritten"
    );
    let none = fixtures::with(late.clone(), |it| {
        it.expected_hash = None;
        it.expected_version = 0;
    });
    assert_eq!(store.commit(&none).await.unwrap(), CommitOutcome::Conflict);
    for table in ["password_history", "audit"] {
        assert_eq!(application.count(&application.own_table(table)).await, 0, "{table}");
    }
    assert_eq!(fixtures::events(&*store).await, []);
    let right = commit(&user, (1, "theirs"), "ours");
    assert_eq!(store.commit(&right).await.unwrap(), CommitOutcome::Done { version: 2 });
    let wrong_version = commit(&user, (1, "ours"), "more");
    assert_eq!(store.commit(&wrong_version).await.unwrap(), CommitOutcome::Conflict);
}

pub(crate) async fn one_of_many_concurrent_changes_wins(application: Application) {
    let application = application.with_users().await;
    let (store, other) = (application.open().await, application.open().await);
    let user = User::new("first");
    application.insert(&user).await;
    let mut tasks = Vec::new();
    for task in 0..10 {
        let (store, user) =
            (if task % 2 == 0 { store.clone() } else { other.clone() }, user.clone());
        tasks.push(tokio::spawn(async move {
            let change = commit(&user, (1, "first"), &format!("of {task}"));
            store.commit(&change).await.unwrap() == CommitOutcome::Done { version: 2 }
        }));
    }
    for task in 0..10 {
        let (application, id) = (application.clone(), user.id);
        tasks.push(tokio::spawn(async move {
            // The application changes the hash directly.
            let update =
                format!("UPDATE users SET pw = 'theirs {task}' WHERE id = '{id}' AND pw = 'first'");
            application.execute(&update).await == 1
        }));
    }
    let mut winners = 0;
    for task in tasks {
        winners += i32::from(task.await.unwrap());
    }
    assert_eq!(winners, 1, "one change of repass or the application");
    let touched = format!("users WHERE touched = 1 AND id = '{}'", user.id);
    assert_eq!(application.count(&touched).await, 1);
}

pub(crate) async fn rows_may_be_deleted_at_any_time(application: Application) {
    let context = TestContext::new(application.with_users().await).await;
    let user = context.user().await;
    let token = context.token(&user).await;
    let account = context.account(&user).await;
    context
        .administration
        .issue_reset(&user.realm(), "pat", Duration::from_secs(60))
        .await
        .unwrap();
    assert!(context.is_valid(&user, &token).await);
    let pw = context.application.pw(&user).await.unwrap();
    context.application.execute(&format!("DELETE FROM users WHERE id = '{}'", user.id)).await;

    assert_eq!(context.find(&user).await, None);
    assert!(!context.is_valid(&user, &token).await, "its tokens are no longer valid");
    let change = commit(&user, (1, &pw), "late");
    assert_eq!(context.store.commit(&change).await.unwrap(), CommitOutcome::Conflict);
    assert!(context.store.register(&account).await.is_err());
    assert!(context.administration.unlock(&user.realm(), "pat").await.is_err());

    // Another user gets the same login.
    let successor = User { id: User::new("").id, pw: Some(pw.clone()), ..user.clone() };
    context.application.insert(&successor).await;
    assert_eq!(context.store.commit(&change).await.unwrap(), CommitOutcome::Conflict);
    assert!(!context.is_valid(&successor, &token).await, "the token is not valid for the new user");
    assert_eq!(context.change(&successor, OLD, NEW).await.unwrap().account.id, successor.account());

    context.clock.advance(Duration::from_secs(3600));
    let claim = ClaimEvents {
        channels: &["webhook"],
        now: context.clock.now(),
        lease: Duration::from_secs(10),
        limit: 10,
    };
    let claimed = context.store.claim(&claim).await.unwrap();
    let claimed: Vec<_> = claimed.iter().map(|claimed| claimed.holder.id).collect();
    assert_eq!(claimed, [successor.account()], "events of the deleted user are discarded");
    let state = Some(DeliveryState::Discarded);
    let discarded = OutboxFilter { state, limit: 10, ..OutboxFilter::default() };
    let discarded = context.store.entries(&discarded).await.unwrap();
    assert!(!discarded.is_empty());
    assert!(discarded.iter().all(|entry| entry.event.account == user.account()));
}

/// Proves A1.
pub(crate) async fn a1_an_invalid_account_does_not_block_events_of_others(
    application: Application,
) {
    let context = TestContext::new(application.with_users().await).await;
    let mut users = Vec::new();
    for assignment in ["login = NULL", "tenant = NULL", "tenant = 'No Realm'", "note = 'readable'"]
    {
        let user = context.user().await;
        context.change(&user, OLD, NEW).await.unwrap();
        let update = format!("UPDATE users SET {assignment} WHERE id = '{}'", user.id);
        context.application.execute(&update).await;
        users.push(user);
    }
    let claim = ClaimEvents {
        channels: &["webhook"],
        now: context.clock.now(),
        lease: Duration::from_secs(10),
        limit: 10,
    };
    let claimed = context.store.claim(&claim).await.unwrap();
    let claimed: Vec<_> = claimed.iter().map(|claimed| claimed.holder.id).collect();
    assert_eq!(claimed, [users[3].account()]);
    for (state, expected) in [(DeliveryState::Discarded, 3), (DeliveryState::Pending, 1)] {
        let filter = OutboxFilter { state: Some(state), limit: 10, ..OutboxFilter::default() };
        assert_eq!(context.store.entries(&filter).await.unwrap().len(), expected, "{state:?}");
    }
}

pub(crate) async fn a_lockout_writes_the_first_rows_of_an_account(application: Application) {
    let context = TestContext::new(application.with_users().await).await;
    let user = context.user().await;
    for _ in 0..3 {
        let wrong = context.change(&user, "a wrong guess of mine", NEW).await;
        assert!(matches!(wrong, Err(ChangeError::WrongPassword)), "{wrong:?}");
    }
    let refused = context.change(&user, OLD, NEW).await;
    assert!(matches!(refused, Err(ChangeError::TooManyAttempts { .. })), "{refused:?}");
    let events = fixtures::events(&*context.store).await;
    assert_eq!((events.len(), events[0].kind.as_str()), (1, "account.locked"));
    assert_eq!(events[0].account, user.account());
    let (_, state) = context.administration.show_account(&user.realm(), "pat").await.unwrap();
    assert_eq!(state.failures, 3);
    context.administration.unlock(&user.realm(), "pat").await.unwrap();
    context.change(&user, OLD, NEW).await.unwrap();
    let filter =
        AuditFilter { account: Some(user.account()), limit: 100, ..AuditFilter::default() };
    assert_eq!(context.store.audit(&filter).await.unwrap().len(), 6);
}

pub(crate) async fn a_duplicate_user_id_is_an_error(application: Application) {
    let application = application.with_users().await;
    // SQLite cannot drop a constraint, so the table is created again without it.
    application.execute("ALTER TABLE users RENAME TO once").await;
    application.execute("CREATE TABLE users AS SELECT * FROM once").await;
    if application.is_postgres() {
        application.execute("DROP TABLE once").await;
    } else {
        application
            .execute(
                "DROP TABLE once; DROP TABLE users;
                 CREATE TABLE users (id TEXT, tenant TEXT, login TEXT COLLATE NOCASE, mail TEXT,
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
    let users = [User::new("first"), User::new("first"), User::new("first")];
    add(users[0].id, "pat").await;
    add(users[1].id, "Pat").await;
    let pat = User { tenant: "shop".to_owned(), ..users[0].clone() };
    let found = store.find(&pat.subject()).await.unwrap().unwrap();
    assert_eq!(found.account.id, pat.account(), "user ids are case-sensitive");
    add(users[2].id, "pat").await;
    let error = store.find(&pat.subject()).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged(_)), "{error:?}");
    let error = store.commit(&commit(&pat, (1, "first"), "ours")).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged(_)), "{error:?}");
    let unchanged = application.count("users WHERE pw = 'first'").await;
    assert_eq!(unchanged, 3, "no row was changed");
}
