//! Opening a database with a mapped table, and what operators do there.

use repass_core::{
    AccountBatch, AccountError, AccountFilter, AdministrationError, AdministrationStore,
    AuditFilter, AuditRecord, CredentialStore, NewAccount, Plaintext, Profile, Subject,
};
use repass_store::{Accounts, AccountsTable, ColumnProblem, OpenError, RealmOf, SqlStore};

use crate::application::{Application, User, name, users};
use crate::house::{House, NEW, OLD};

pub(crate) async fn operators_see_and_guard_the_accounts(application: Application) {
    let house = House::new(application).await;
    let user = house.user().await;
    let (realm, untouched) = (user.realm(), house.application.untouched().await);
    let account = house.account(&user).await;
    assert_eq!(account.email.as_deref(), Some("pat@example.org"));
    assert_eq!(account.username.as_deref(), Some("Pat"));
    let filter = AccountFilter { realm: Some(realm.clone()), after: None, limit: 10 };
    assert_eq!(house.store.accounts(&filter).await.unwrap(), std::slice::from_ref(&account));

    let token = house.token(&user).await;
    house.desk.set_active(&realm, "pat", false).await.unwrap();
    assert!(!house.account(&user).await.active);
    let disabled = format!("users WHERE id = '{}' AND enabled = FALSE", user.id);
    assert_eq!(house.application.count(&disabled).await, 1, "the application sees it, too");
    house.desk.set_active(&realm, "pat", true).await.unwrap();
    assert!(house.account(&user).await.active);
    assert!(!house.counts(&user, &token).await, "what has ended does not come back");

    house.clock.advance(std::time::Duration::from_secs(1));
    let token = house.token(&user).await;
    for (enabled, counts) in [("FALSE", false), ("NULL", false), ("TRUE", true)] {
        let set = format!("UPDATE users SET enabled = {enabled} WHERE id = '{}'", user.id);
        house.application.execute(&set).await;
        assert_eq!(house.account(&user).await.active, counts, "{enabled}");
        assert_eq!(house.counts(&user, &token).await, counts, "{enabled}");
    }
    house.desk.enrol_otp(&realm, "pat", "test").await.unwrap();

    let new = NewAccount {
        realm: realm.clone(),
        user_id: "kim".parse().unwrap(),
        email: None,
        username: None,
        profile: Profile::default(),
    };
    let password = Some(Plaintext::from(OLD));
    let refused = house.desk.add_account(new, password).await;
    assert!(matches!(refused, Err(AdministrationError::KeptElsewhere)), "{refused:?}");
    let record = house.store.audit(&AuditFilter { limit: 1, ..AuditFilter::default() }).await;
    let record = AuditRecord { action: "account.import".to_owned(), ..record.unwrap().remove(0) };
    let batch = AccountBatch { accounts: Vec::new(), audit: record, rehearsal: false };
    let refused = house.store.import_accounts(&batch).await;
    assert!(matches!(refused, Err(AccountError::KeptElsewhere)), "{refused:?}");
    assert_eq!(house.application.untouched().await, untouched, "nothing else was written");
    let filter = AuditFilter { realm: Some(realm), limit: 100, ..AuditFilter::default() };
    assert_eq!(house.store.audit(&filter).await.unwrap().len(), 5);
}

pub(crate) async fn tables_may_know_less(application: Application) {
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
        realm: RealmOf::All("shop".parse().unwrap()),
    };
    let store = application.open_on(mapping).await;
    let house = House::with(application, store);
    let hash = house.hash(OLD).await;
    let insert = format!("INSERT INTO members (no, pw) VALUES (7, '{}'), (8, NULL)", hash.as_str());
    house.application.execute(&insert).await;

    let find = |user_id: &str| {
        let subject = Subject::new("shop".parse().unwrap(), user_id);
        let store = house.store.clone();
        async move { store.find(&subject).await.unwrap() }
    };
    let seven = find("7").await.unwrap();
    assert_eq!(seven.account.user_id.as_str(), "7");
    assert!(seven.account.active, "without a column all are");
    for stranger in ["07", " 7", "7.0", "x", "9", "99999999999999999999"] {
        assert_eq!(find(stranger).await, None, "{stranger}");
    }
    assert_eq!(find("8").await.unwrap().credential, None, "it has no password yet");
    let elsewhere = Subject::new("other".parse().unwrap(), "7");
    assert_eq!(house.store.find(&elsewhere).await.unwrap(), None, "all are of one realm");

    let pat = User { tenant: "shop".to_owned(), login: "7".to_owned(), ..User::new(hash.as_str()) };
    let changed = house.change(&pat, OLD, NEW).await.unwrap();
    assert_eq!(changed.account.id, seven.account.id, "the same before and after");
    let token = house.token(&pat).await;
    assert!(!house.counts(&pat, &token).await, "it is of the moment of the change");
    house.clock.advance(std::time::Duration::from_secs(1));
    let token = house.token(&pat).await;
    assert!(house.counts(&pat, &token).await);

    let refused = house.desk.set_active(&pat.realm(), "7", false).await;
    assert!(matches!(refused, Err(AdministrationError::NotMapped("active"))), "{refused:?}");
    assert!(house.counts(&pat, &token).await, "nothing of it is done");
    let all = AccountFilter { realm: None, after: None, limit: 10 };
    let all = house.store.accounts(&all).await.unwrap();
    let all: Vec<_> = all.iter().map(|account| account.user_id.as_str()).collect();
    assert_eq!(all, ["7", "8"]);
}

pub(crate) async fn rows_that_can_be_no_accounts_are_passed_over(application: Application) {
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
        let nobody = user("shop", "nobody");
        application.insert(&nobody).await;
        application.execute(&format!("UPDATE users SET {what} WHERE id = '{}'", nobody.id)).await;
    }
    let mut listed = Vec::new();
    let mut after = None;
    loop {
        let filter = AccountFilter { realm: None, after: after.take(), limit: 2 };
        let page = store.accounts(&filter).await.unwrap();
        listed.extend(page.iter().map(|one| format!("{} {}", one.realm, one.user_id)));
        let Some(last) = page.last().filter(|_| page.len() == 2) else { break };
        after = Some((last.realm.clone(), last.user_id.clone()));
    }
    assert_eq!(listed, ["shop kim", "shop pat", "shop-2 pat"]);
    let nobody = Subject::new("shop".parse().unwrap(), "");
    assert_eq!(store.find(&nobody).await.unwrap(), None);
}

pub(crate) async fn guids_are_found_as_others_write_them(application: Application) {
    let store = application.open().await;
    let guid = "1C4B0CA1-AD13-410B-A1C5-BB2065641934";
    let user = User { login: guid.to_owned(), ..User::new("first") };
    application.insert(&user).await;
    for spelling in [guid, "1c4b0ca1-ad13-410b-a1c5-bb2065641934"] {
        let found = store.find(&Subject::new(user.realm(), spelling)).await.unwrap();
        assert_eq!(found.unwrap().account.id, user.account(), "{spelling}");
    }
}

fn problems(error: OpenError) -> Vec<ColumnProblem> {
    match error {
        OpenError::AccountsTable { problems, .. } => problems,
        other => panic!("not about the table: {other:?}"),
    }
}

pub(crate) async fn everything_that_does_not_fit_is_told_at_once(application: Application) {
    let open = async |table: AccountsTable| {
        let options = application.options(Accounts::In(table));
        SqlStore::open_with(&application.url, &options).await.unwrap_err()
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
    for part in ["users does not fit", "logn", "login, mail", "must be a text", "truth value"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let missing = AccountsTable { table: "userz".parse().unwrap(), ..users() };
    let missing = problems(open(missing).await);
    assert_eq!((missing.len(), missing[0].member), (1, "table"));
    let shared = AccountsTable { active: Some(name("pw")), ..users() };
    assert_eq!(problems(open(shared).await)[0].member, "hash");
    let tables = if application.is_postgres() {
        "information_schema.tables WHERE table_name = 'password_history'"
    } else {
        "sqlite_master WHERE name = 'password_history'"
    };
    assert_eq!(application.count(tables).await, 0, "nothing was made");
}

pub(crate) async fn everybody_finds_the_same_accounts(application: Application) {
    let user = User::new("first");
    application.insert(&user).await;
    application.open().await.close().await.unwrap();
    let open = async |accounts| {
        SqlStore::open_with(&application.url, &application.options(accounts)).await
    };
    let unsaid = open(Accounts::AsNoted).await.unwrap();
    assert!(unsaid.find(&user.subject()).await.unwrap().is_some(), "as it was said before");

    let error = open(Accounts::Own).await.unwrap_err();
    assert!(matches!(&error, OpenError::AccountsElsewhere(table) if table == "users"), "{error:?}");
    let by_login = AccountsTable { id: name("login"), ..users() };
    let error = open(Accounts::In(by_login)).await.unwrap_err();
    assert!(matches!(error, OpenError::OtherAccountsTable { .. }), "{error:?}");

    let without_mail = AccountsTable { email: None, ..users() };
    open(Accounts::In(without_mail)).await.unwrap();
    let unsaid = open(Accounts::AsNoted).await.unwrap();
    let found = unsaid.find(&user.subject()).await.unwrap().unwrap();
    assert_eq!(found.account.email, None, "the other columns may change");
}

pub(crate) async fn accounts_of_our_own_stay_our_own(application: Application) {
    let options = application.options(Accounts::Own);
    let store = SqlStore::open_with(&application.url, &options).await.unwrap();
    let house = House::with(application, store);
    let new = NewAccount {
        realm: "shop".parse().unwrap(),
        user_id: "pat".parse().unwrap(),
        email: None,
        username: None,
        profile: Profile::default(),
    };
    house.desk.add_account(new, None).await.unwrap();
    let options = house.application.options(Accounts::In(users()));
    let error = SqlStore::open_with(&house.application.url, &options).await.unwrap_err();
    assert!(matches!(error, OpenError::OwnAccounts), "{error:?}");
    let options = house.application.options(Accounts::Own);
    let own = SqlStore::open_with(&house.application.url, &options).await;
    assert!(own.is_ok(), "nothing was noted");
}
