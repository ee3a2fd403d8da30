//! Tables with names that cannot be mapped.

use repass_store_sqlite::{
    Accounts, AccountsMismatch, AccountsTable, OpenError, RealmMapping, SqliteOptions, SqliteStore,
};

use crate::database::Database;

#[tokio::test]
async fn reserved_names_and_schemas_are_refused_before_any_write() {
    let database = Database::new();
    database
        .raw()
        .execute_batch("CREATE TABLE repass_users (id TEXT, login TEXT, pw TEXT)")
        .unwrap();
    for (table, reason) in
        [("REPASS_users", "is reserved"), ("shop.users", "SQLite has no schemas")]
    {
        let mut options = SqliteOptions::default();
        options.accounts = Accounts::Mapped(AccountsTable {
            table: table.parse().unwrap(),
            id: "id".parse().unwrap(),
            user_id: "login".parse().unwrap(),
            hash: "pw".parse().unwrap(),
            email: None,
            username: None,
            active: None,
            realm: RealmMapping::All("shop".parse().unwrap()),
        });
        let error = SqliteStore::open(database.path(), &options).await.unwrap_err();
        let OpenError::Accounts(AccountsMismatch::InvalidMapping { .. }) = &error else {
            panic!("{error:?}")
        };
        assert!(error.to_string().contains(reason), "{error}");
    }
    let mode: String =
        database.raw().query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "delete", "the file is unchanged");
    let tables = "SELECT COUNT(*) FROM sqlite_schema";
    let tables: i64 = database.raw().query_row(tables, [], |row| row.get(0)).unwrap();
    assert_eq!(tables, 1, "no table was created");
}
