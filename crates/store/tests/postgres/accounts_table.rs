//! Accounts that stand in a users table of another application's, in the same PostgreSQL database.

use repass_store::{Accounts, AccountsTable, OpenError, SqlStore, StoreOptions};

use crate::application::{Application, User, name, users};
use crate::database::{raw, url};
use crate::{changes, operators, suite};
use repass_core::CredentialStore;
use sqlx::Executor;

macro_rules! on_postgres {
    ($($module:ident::$test:ident),* $(,)?) => {$(
        pub(crate) async fn $test() {
            $module::$test(Application::start(url()).await).await;
        }
    )*};
}

on_postgres![
    suite::passes,
    changes::only_the_hash_is_written,
    changes::hashes_of_other_families_are_replaced,
    changes::h1_only_a_hash_that_determines_the_password_is_replaced_in_place,
    changes::what_the_application_changes_counts,
    changes::a_hash_that_changed_meanwhile_conflicts,
    changes::of_changes_at_once_one_wins,
    changes::rows_may_go_at_any_time,
    changes::a_closing_account_is_told_of_before_it_was_ever_written,
    changes::a_name_that_two_rows_have_is_damage,
    operators::operators_see_and_guard_the_accounts,
    operators::tables_may_know_less,
    operators::rows_that_can_be_no_accounts_are_passed_over,
    operators::guids_are_found_as_others_write_them,
    operators::everything_that_does_not_fit_is_told_at_once,
    operators::everybody_finds_the_same_accounts,
    operators::accounts_of_our_own_stay_our_own,
];

pub(crate) async fn columns_must_hold_and_take_a_hash() {
    let application = Application::start(url()).await;
    application
        .execute("DROP TRIGGER touch ON users; ALTER TABLE users ALTER COLUMN pw TYPE VARCHAR(60)")
        .await;
    let options = application.options(Accounts::In(users()));
    let error = SqlStore::open_with(&application.url, &options).await.unwrap_err().to_string();
    assert!(error.contains("hash = \"pw\": is too short"), "{error}");

    application.execute("ALTER TABLE users ALTER COLUMN pw TYPE TEXT").await;
    application.open().await.close().await.unwrap();
    application
        .execute(
            "CREATE ROLE clerk LOGIN;
             GRANT USAGE ON SCHEMA repass TO clerk;
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA repass TO clerk;
             GRANT USAGE ON ALL SEQUENCES IN SCHEMA repass TO clerk;
             GRANT SELECT (id, tenant, login, mail, nick, pw, enabled) ON users TO clerk",
        )
        .await;
    let clerk = application.url.replace("user=repass", "user=clerk");
    let error = SqlStore::open_with(&clerk, &options).await.unwrap_err().to_string();
    assert!(error.contains("hash = \"pw\": this user may not update it"), "{error}");
    assert!(error.contains("active = \"enabled\": this user"), "{error}");
    // With rights to the mapped columns and no others it works.
    application.execute("GRANT UPDATE (pw, enabled) ON users TO clerk").await;
    let store = SqlStore::open_with(&clerk, &options).await.unwrap();
    let user = User::new("first");
    application.insert(&user).await;
    assert!(store.find(&user.subject()).await.unwrap().is_some());
}

pub(crate) async fn own_tables_stand_in_their_own_schema() {
    let application = Application::start(url()).await;
    application.open().await.close().await.unwrap();
    let tables = "information_schema.tables WHERE table_name = 'password_history'";
    assert_eq!(application.count(tables).await, 1);
    let own = format!("{tables} AND table_schema = 'repass'");
    assert_eq!(application.count(&own).await, 1);

    // Whoever does not name it is not to make another installation by mistake.
    let elsewhere = format!("{}&options=-c%20search_path%3Dpublic", application.url);
    let error = SqlStore::open(&elsewhere).await.unwrap_err();
    assert!(matches!(&error, OpenError::OtherSchema(schema) if schema == "repass"), "{error:?}");
    assert_eq!(application.count(tables).await, 1, "nothing was made");
    let meant = StoreOptions { schema: Some(name("second")), accounts: Accounts::Own };
    SqlStore::open_with(&application.url, &meant).await.unwrap();
    assert_eq!(application.count(tables).await, 2);
}

pub(crate) async fn names_are_taken_as_they_are_written() {
    let url = url();
    let create = "CREATE SCHEMA \"Shop\";
                  CREATE TABLE \"Shop\".\"User\" (\"Id\" UUID, \"order\" TEXT, \"select\" TEXT)";
    raw(&url).await.execute(create).await.unwrap();
    let application = Application::bare(url).await;
    let mapping = AccountsTable {
        table: "Shop.User".parse().unwrap(),
        id: name("Id"),
        user_id: name("order"),
        hash: name("select"),
        email: None,
        username: None,
        active: None,
        realm: repass_store::RealmOf::All("shop".parse().unwrap()),
    };
    let store = application.open_on(mapping.clone()).await;
    let insert = "INSERT INTO \"Shop\".\"User\" VALUES (gen_random_uuid(), 'pat', 'first')";
    application.execute(insert).await;
    let pat = repass_core::Subject::new("shop".parse().unwrap(), "pat");
    assert!(store.find(&pat).await.unwrap().is_some());
    let lower = AccountsTable { hash: name("SELECT"), ..mapping };
    let options = application.options(Accounts::In(lower));
    let error = SqlStore::open_with(&application.url, &options).await.unwrap_err().to_string();
    assert!(error.contains("hash = \"SELECT\": there is no such column"), "{error}");
}
