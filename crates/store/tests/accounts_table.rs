//! Accounts that stand in a users table of another application's, in the same SQLite file.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

#[path = "accounts_table/application.rs"]
mod application;
#[path = "accounts_table/changes.rs"]
mod changes;
#[path = "accounts_table/house.rs"]
mod house;
#[path = "accounts_table/operators.rs"]
mod operators;
#[path = "accounts_table/suite.rs"]
mod suite;

use repass_store::{Accounts, AccountsTable, OpenError, SqlStore};
use tempfile::TempDir;

use crate::application::{Application, users};

fn url(folder: &TempDir) -> String {
    format!("sqlite://{}?mode=rwc", folder.path().join("shop.db").display())
}

macro_rules! on_sqlite {
    ($($module:ident::$test:ident),* $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $test() {
            let folder = tempfile::tempdir().unwrap();
            $module::$test(Application::start(url(&folder)).await).await;
        }
    )*};
}

on_sqlite![
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

#[tokio::test]
async fn names_of_our_own_are_not_taken_for_the_applications() {
    let folder = tempfile::tempdir().unwrap();
    let application = Application::bare(url(&folder)).await;
    application.execute("CREATE TABLE Accounts (id TEXT, login TEXT, pw TEXT)").await;
    let open = async |table: AccountsTable| {
        let options = application.options(Accounts::In(table));
        SqlStore::open_with(&application.url, &options).await.unwrap_err()
    };
    let mapped = AccountsTable { table: "ACCOUNTS".parse().unwrap(), ..users() };
    let error = open(mapped).await.to_string();
    assert!(error.contains("repass has a table of that name itself"), "{error}");
    application.execute("CREATE TABLE users (id TEXT, login TEXT, pw TEXT)").await;
    let error = open(users()).await;
    assert!(matches!(&error, OpenError::NamesTaken(names) if names == "accounts"), "{error:?}");
    let in_schema = AccountsTable { table: "shop.users".parse().unwrap(), ..users() };
    assert!(open(in_schema).await.to_string().contains("SQLite has no schemas"));
    let options = repass_store::StoreOptions {
        schema: Some("repass".parse().unwrap()),
        ..repass_store::StoreOptions::default()
    };
    let error = SqlStore::open_with(&application.url, &options).await.unwrap_err();
    assert!(matches!(error, OpenError::NoSchemas), "{error:?}");
    assert_eq!(application.count("sqlite_master").await, 2, "nothing was made");
}
