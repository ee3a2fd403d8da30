//! Opening a database with a mapped table, and administration of its accounts.

use repass_accounts_table::{
    Accounts, AccountsMismatch, AccountsTable, ColumnProblem, RealmMapping,
};
use repass_core::{
    Account, AccountBatch, AccountError, AccountFilter, AdministrationError, AuditFilter,
    AuditRecord, Email, NewAccount, Plaintext, Profile, Subject,
};

use crate::application::{Application, User, name, users};
use crate::context::{NEW, OLD, TestContext};

pub(crate) async fn operators_list_and_deactivate_accounts(application: Application) {
    let context = TestContext::new(application.with_users().await).await;
    let user = context.user().await;
    let (realm, unchanged) = (user.realm(), context.application.unmapped_columns().await);
    let account = context.account(&user).await;
    assert_eq!(account.email.as_ref().map(Email::as_str), Some("pat@example.org"));
    assert_eq!(account.username.as_deref(), Some("Pat"));
    let filter =
        AccountFilter { realm: Some(realm.clone()), limit: 10, ..AccountFilter::default() };
    let listed = context.store.accounts(&filter).await.unwrap();
    let listed: Vec<Account> = listed.into_iter().map(|found| found.account).collect();
    assert_eq!(listed, std::slice::from_ref(&account));

    let token = context.token(&user).await;
    context.administration.set_active(&realm, "pat", false).await.unwrap();
    assert!(!context.account(&user).await.active);
    let disabled = format!("users WHERE id = '{}' AND enabled = FALSE", user.id);
    assert_eq!(context.application.count(&disabled).await, 1, "the application's column is set");
    context.administration.set_active(&realm, "pat", true).await.unwrap();
    assert!(context.account(&user).await.active);
    assert!(!context.is_valid(&user, &token).await, "revoked tokens stay revoked");

    context.clock.advance(std::time::Duration::from_secs(1));
    let token = context.token(&user).await;
    for (enabled, expected) in [("FALSE", false), ("NULL", false), ("TRUE", true)] {
        let set = format!("UPDATE users SET enabled = {enabled} WHERE id = '{}'", user.id);
        context.application.execute(&set).await;
        assert_eq!(context.account(&user).await.active, expected, "{enabled}");
        assert_eq!(context.is_valid(&user, &token).await, expected, "{enabled}");
    }
    context.administration.enroll_otp(&realm, "pat", "test").await.unwrap();

    let new = NewAccount {
        realm: realm.clone(),
        user_id: "kim".parse().unwrap(),
        email: None,
        username: None,
        profile: Profile::default(),
    };
    let password = Some(Plaintext::from(OLD));
    let refused = context.administration.add_account(new, password).await;
    assert!(matches!(refused, Err(AdministrationError::KeptElsewhere)), "{refused:?}");
    let record = context.store.audit(&AuditFilter { limit: 1, ..AuditFilter::default() }).await;
    let record = AuditRecord { action: "account.import".to_owned(), ..record.unwrap().remove(0) };
    let batch = AccountBatch { accounts: Vec::new(), audit: record, dry_run: false };
    let refused = context.store.import_accounts(&batch).await;
    assert!(matches!(refused, Err(AccountError::KeptElsewhere)), "{refused:?}");
    assert_eq!(
        context.application.unmapped_columns().await,
        unchanged,
        "no other column was written"
    );
    let filter = AuditFilter { realm: Some(realm), limit: 100, ..AuditFilter::default() };
    assert_eq!(context.store.audit(&filter).await.unwrap().len(), 5);
}

pub(crate) async fn optional_columns_may_be_missing(application: Application) {
    let table = if application.is_postgres() {
        "CREATE TABLE members (no SERIAL PRIMARY KEY, pw TEXT)"
    } else {
        "CREATE TABLE members (no INTEGER PRIMARY KEY, pw TEXT)"
    };
    application.execute(table).await;
    let mapping = AccountsTable {
        table: "members".parse().unwrap(),
        id: name("no"),
        user_id: name("no"),
        hash: name("pw"),
        email: None,
        username: None,
        active: None,
        realm: RealmMapping::All("shop".parse().unwrap()),
    };
    let store = application.open_mapped(mapping).await;
    let context = TestContext::with_store(application, store);
    let hash = context.hash(OLD).await;
    let insert = format!("INSERT INTO members (no, pw) VALUES (7, '{}'), (8, NULL)", hash.as_str());
    context.application.execute(&insert).await;

    let find = |user_id: &str| {
        let subject = Subject::new("shop".parse().unwrap(), user_id);
        let store = context.store.clone();
        async move { store.find(&subject).await.unwrap() }
    };
    let seven = find("7").await.unwrap();
    assert_eq!(seven.account.user_id.as_str(), "7");
    assert!(seven.account.active, "without a column all accounts are active");
    for unknown in ["07", " 7", "7.0", "x", "9", "99999999999999999999"] {
        assert_eq!(find(unknown).await, None, "{unknown}");
    }
    assert_eq!(find("8").await.unwrap().credential, None, "NULL means no password");
    let elsewhere = Subject::new("other".parse().unwrap(), "7");
    assert_eq!(
        context.store.find(&elsewhere).await.unwrap(),
        None,
        "all accounts are in one realm"
    );

    let pat = User { tenant: "shop".to_owned(), login: "7".to_owned(), ..User::new(hash.as_str()) };
    let changed = context.change(&pat, OLD, NEW).await.unwrap();
    assert_eq!(changed.account.id, seven.account.id, "the id is the same after the change");
    let token = context.token(&pat).await;
    assert!(
        !context.is_valid(&pat, &token).await,
        "the token was issued at the time of the change"
    );
    context.clock.advance(std::time::Duration::from_secs(1));
    let token = context.token(&pat).await;
    assert!(context.is_valid(&pat, &token).await);

    let refused = context.administration.set_active(&pat.realm(), "7", false).await;
    assert!(matches!(refused, Err(AdministrationError::NotMapped("active"))), "{refused:?}");
    assert!(context.is_valid(&pat, &token).await, "a refused call changes nothing");
    let all = AccountFilter { limit: 10, ..AccountFilter::default() };
    let all = context.store.accounts(&all).await.unwrap();
    let all: Vec<_> = all.iter().map(|found| found.account.user_id.as_str()).collect();
    assert_eq!(all, ["7", "8"]);
}

pub(crate) async fn rows_that_are_not_valid_accounts_are_skipped(application: Application) {
    let application = application.with_users().await;
    let store = application.open().await;
    let user = |tenant: &str, login: &str| User {
        tenant: tenant.to_owned(),
        login: login.to_owned(),
        ..User::new("first")
    };
    for (tenant, login) in [
        ("No Realm", "a"),
        ("", "b"),
        ("shop", ""),
        ("shop", "line\nfeed"),
        ("shop", "kim"),
        ("shop", "pat"),
        ("shop-2", "pat"),
    ] {
        application.insert(&user(tenant, login)).await;
    }
    for what in ["tenant = NULL", "login = NULL"] {
        let invalid = user("shop", "invalid");
        application.insert(&invalid).await;
        application.execute(&format!("UPDATE users SET {what} WHERE id = '{}'", invalid.id)).await;
    }
    let mut listed = Vec::new();
    let mut after = None;
    loop {
        let filter = AccountFilter { after: after.take(), limit: 2, ..AccountFilter::default() };
        let page = store.accounts(&filter).await.unwrap();
        listed.extend(
            page.iter().map(|one| format!("{} {}", one.account.realm, one.account.user_id)),
        );
        let Some(last) = page.last().filter(|_| page.len() == 2) else { break };
        after = Some((last.account.realm.clone(), last.account.user_id.clone()));
    }
    assert_eq!(listed, ["shop kim", "shop pat", "shop-2 pat"]);
    let empty = Subject::new("shop".parse().unwrap(), "");
    assert_eq!(store.find(&empty).await.unwrap(), None);
}

pub(crate) async fn guids_are_found_in_any_case(application: Application) {
    let application = application.with_users().await;
    let store = application.open().await;
    let guid = "1C4B0CA1-AD13-410B-A1C5-BB2065641934";
    let user = User { login: guid.to_owned(), ..User::new("first") };
    application.insert(&user).await;
    for spelling in [guid, "1c4b0ca1-ad13-410b-a1c5-bb2065641934"] {
        let found = store.find(&Subject::new(user.realm(), spelling)).await.unwrap();
        assert_eq!(found.unwrap().account.id, user.account(), "{spelling}");
    }
}

fn problems(mismatch: AccountsMismatch) -> Vec<ColumnProblem> {
    match mismatch {
        AccountsMismatch::InvalidMapping { problems, .. } => problems,
        other => panic!("unexpected error: {other:?}"),
    }
}

pub(crate) async fn every_problem_of_a_mapping_is_reported(application: Application) {
    let application = application.with_users().await;
    let open =
        async |table: AccountsTable| match application.try_open(Accounts::Mapped(table)).await {
            Ok(_) => panic!("the mapping is accepted"),
            Err(mismatch) => mismatch,
        };
    let wrong = AccountsTable {
        user_id: name("logn"),
        hash: name("touched"),
        email: Some(name("email")),
        active: Some(name("note")),
        ..users()
    };
    let error = open(wrong).await;
    let text = error.to_string();
    let wrong: Vec<_> = problems(error).into_iter().map(|one| (one.member, one.name)).collect();
    let expected =
        [("user_id", "logn"), ("hash", "touched"), ("email", "email"), ("active", "note")];
    assert_eq!(wrong, expected.map(|(member, name)| (member, name.to_owned())));
    for part in [
        "users does not fit its mapping",
        "logn",
        "login, mail",
        "must be text",
        "must be a boolean",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let missing = AccountsTable { table: "userz".parse().unwrap(), ..users() };
    let missing = problems(open(missing).await);
    assert_eq!((missing.len(), missing[0].member), (1, "table"));
    let shared = AccountsTable { active: Some(name("pw")), ..users() };
    assert_eq!(problems(open(shared).await)[0].member, "hash");
    assert!(!application.has_own_tables().await, "no table was created");
}

pub(crate) async fn the_mapping_is_recorded_in_the_database(application: Application) {
    let application = application.with_users().await;
    let user = User::new("first");
    application.insert(&user).await;
    drop(application.open().await);
    let recorded = application.try_open(Accounts::AsRecorded).await.unwrap();
    assert!(recorded.find(&user.subject()).await.unwrap().is_some());

    let own = application.try_open(Accounts::Own).await.err();
    assert!(matches!(&own, Some(AccountsMismatch::InMappedTable(table)) if table == "users"));
    let by_login = AccountsTable { id: name("login"), ..users() };
    let other = application.try_open(Accounts::Mapped(by_login)).await.err();
    assert!(matches!(other, Some(AccountsMismatch::OtherTable { .. })));

    let without_mail = AccountsTable { email: None, ..users() };
    drop(application.open_mapped(without_mail).await);
    let recorded = application.try_open(Accounts::AsRecorded).await.unwrap();
    let found = recorded.find(&user.subject()).await.unwrap().unwrap();
    assert_eq!(found.account.email, None, "the mapping of other columns may change");
}

pub(crate) async fn existing_accounts_prevent_a_mapping(application: Application) {
    let application = application.with_users().await;
    let store = application.try_open(Accounts::Own).await.unwrap();
    let context = TestContext::with_store(application, store);
    let new = NewAccount {
        realm: "shop".parse().unwrap(),
        user_id: "pat".parse().unwrap(),
        email: None,
        username: None,
        profile: Profile::default(),
    };
    context.administration.add_account(new, None).await.unwrap();
    let mapped = context.application.try_open(Accounts::Mapped(users())).await.err();
    assert!(matches!(mapped, Some(AccountsMismatch::HasOwnAccounts)));
    assert!(
        context.application.try_open(Accounts::Own).await.is_ok(),
        "the refused mapping was not recorded"
    );
}

/// The application changes its schema while repass uses the table.
pub(crate) async fn a_table_that_is_altered_while_in_use_stays_usable(application: Application) {
    let context = TestContext::new(application.with_users().await).await;
    let user = context.user().await;
    context.change(&user, OLD, NEW).await.unwrap();
    let alter = if context.application.is_postgres() {
        "ALTER TABLE users ADD COLUMN more TEXT; ALTER TABLE users ALTER COLUMN nick TYPE VARCHAR"
    } else {
        "ALTER TABLE users ADD COLUMN more TEXT; CREATE INDEX by_login ON users (login)"
    };
    context.application.execute(alter).await;
    context.clock.advance(std::time::Duration::from_secs(3600));
    let again = context.change(&user, NEW, "a third one, different again").await.unwrap();
    assert_eq!(again.version, 3);
}
