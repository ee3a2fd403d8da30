//! Tables of an application that cannot be mapped because of their names.

use repass_store_sqlite::{
    Accounts, AccountsMismatch, AccountsTable, OpenError, RealmOf, SqliteOptions, SqliteStore,
};

use crate::database::Database;

#[tokio::test]
async fn names_of_repass_and_schemas_are_refused_before_anything_is_made() {
    let database = Database::new();
    database
        .raw()
        .execute_batch("CREATE TABLE repass_users (id TEXT, login TEXT, pw TEXT)")
        .unwrap();
    for (table, reason) in
        [("REPASS_users", "are repass's own"), ("shop.users", "SQLite has no schemas")]
    {
        let mut options = SqliteOptions::default();
        options.accounts = Accounts::In(AccountsTable {
            table: table.parse().unwrap(),
            id: "id".parse().unwrap(),
            user_id: "login".parse().unwrap(),
            hash: "pw".parse().unwrap(),
            email: None,
            username: None,
            active: None,
            realm: RealmOf::All("shop".parse().unwrap()),
        });
        let error = SqliteStore::open(database.path(), &options).await.unwrap_err();
        let OpenError::Accounts(AccountsMismatch::DoesNotFit { .. }) = &error else {
            panic!("{error:?}")
        };
        assert!(error.to_string().contains(reason), "{error}");
    }
    let mode: String =
        database.raw().query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "delete", "the file of the application is as it was");
    let tables = "SELECT COUNT(*) FROM sqlite_schema";
    let tables: i64 = database.raw().query_row(tables, [], |row| row.get(0)).unwrap();
    assert_eq!(tables, 1, "nothing was made");
}
