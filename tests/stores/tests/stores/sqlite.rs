use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use repass_accounts_table::{Accounts, AccountsMismatch};
use repass_core::AdministrationStore;
use repass_store_sqlite::{OpenError, SqliteOptions, SqliteStore};
use repass_store_tests::{Application, Backend};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use tempfile::TempDir;

pub(crate) fn application() -> (Application, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let connection = Connection::open(&path).unwrap();
    connection.busy_timeout(Duration::from_secs(5)).unwrap();
    (Application::new(File { path, connection: Mutex::new(connection) }), folder)
}

struct File {
    path: PathBuf,
    connection: Mutex<Connection>,
}

#[async_trait]
impl Backend for File {
    fn is_postgres(&self) -> bool {
        false
    }

    async fn execute(&self, statements: &str) -> u64 {
        let connection = self.connection.lock().unwrap();
        connection.execute_batch(statements).unwrap();
        connection.changes()
    }

    async fn rows(&self, select: &str) -> Vec<Vec<Option<String>>> {
        let connection = self.connection.lock().unwrap();
        let mut statement = connection.prepare(select).unwrap();
        let columns = statement.column_count();
        let text = |value: ValueRef<'_>| match value {
            ValueRef::Null => None,
            ValueRef::Integer(number) => Some(number.to_string()),
            ValueRef::Text(text) => Some(String::from_utf8(text.to_vec()).unwrap()),
            other => panic!("unexpected {other:?}"),
        };
        let rows = statement.query_map([], |row| {
            (0..columns).map(|at| row.get_ref(at).map(text)).collect::<Result<Vec<_>, _>>()
        });
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    }

    async fn open(
        &self,
        accounts: Accounts,
    ) -> Result<Arc<dyn AdministrationStore>, AccountsMismatch> {
        let mut options = SqliteOptions::default();
        options.accounts = accounts;
        match SqliteStore::open(&self.path, &options).await {
            Ok(store) => Ok(Arc::new(store)),
            Err(OpenError::Accounts(mismatch)) => Err(mismatch),
            Err(error) => panic!("{error:?}"),
        }
    }
}
