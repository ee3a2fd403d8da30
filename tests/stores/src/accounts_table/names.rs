//! Look-ups by e-mail address and user name.

use repass_accounts_table::AccountsTable;
use repass_core::{AdministrationStore, MAX_SAME_NAME, NameKind, Realm, fold_name};

use crate::application::{Application, User, users};

/// Returns the user ids of the accounts with this name.
async fn found(
    store: &dyn AdministrationStore,
    realm: &Realm,
    kind: NameKind,
    name: &str,
) -> Vec<String> {
    let found = store.find_by_name(realm, kind, &fold_name(name)).await.unwrap();
    found.into_iter().map(|found| found.account.user_id.into()).collect()
}

fn user(login: &str, mail: &str, nick: &str) -> User {
    User {
        tenant: "shop".to_owned(),
        login: login.to_owned(),
        mail: Some(mail.to_owned()),
        nick: Some(nick.to_owned()),
        ..User::new("first")
    }
}

/// Proves E4.
pub(crate) async fn names_are_found_as_the_database_compares_them(application: Application) {
    let application = application.with_users().await;
    let store = application.open().await;
    let realm: Realm = "shop".parse().unwrap();
    for (login, nick) in [
        ("lower", "özlem öztürk"),
        ("upper", "ÖZLEM ÖZTÜRK"),
        ("title", "Özlem Öztürk"),
        ("other", "Ozlem Ozturk"),
    ] {
        assert!(application.insert(&user(login, "no address", nick)).await);
    }
    let mut names = found(&*store, &realm, NameKind::Username, "Özlem ÖZTÜRK").await;
    names.sort();
    assert_eq!(names, ["lower", "title", "upper"]);
    let invalid = found(&*store, &realm, NameKind::Email, "no address").await;
    assert!(invalid.is_empty(), "what is no e-mail address is no name");
    assert_eq!(
        application.count(&application.own_table("accounts")).await,
        0,
        "nothing is written"
    );
}

/// Proves E4.
pub(crate) async fn only_mapped_names_are_found(application: Application) {
    let application = application.with_users().await;
    let store = application.open_mapped(AccountsTable { email: None, ..users() }).await;
    let realm: Realm = "shop".parse().unwrap();
    application.insert(&user("pat", "pat@example.org", "Pat")).await;
    application.insert(&user("", "", "Pat")).await;
    assert_eq!(found(&*store, &realm, NameKind::Username, "PAT").await, ["pat"]);
    let by_mail = found(&*store, &realm, NameKind::Email, "pat@example.org").await;
    assert!(by_mail.is_empty(), "the column is not mapped");
    let elsewhere = "shop-2".parse().unwrap();
    assert!(found(&*store, &elsewhere, NameKind::Username, "pat").await.is_empty());
}

/// The addresses of an application may be placeholders.
///
/// Proves E4.
pub(crate) async fn a_name_of_many_rows_is_read_in_part(application: Application) {
    let application = application.with_users().await;
    let store = application.open().await;
    for number in 0..3 * MAX_SAME_NAME {
        application.insert(&user(&format!("user-{number}"), "none@example.org", "")).await;
    }
    let realm: Realm = "shop".parse().unwrap();
    let none = found(&*store, &realm, NameKind::Email, "none@example.org").await;
    assert_eq!(none.len(), MAX_SAME_NAME);
}
