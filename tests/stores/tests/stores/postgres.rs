use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use repass_accounts_table::{Accounts, AccountsMismatch};
use repass_core::AdministrationStore;
use repass_postgres_cluster::Cluster;
use repass_store_postgres::{OpenError, PostgresOptions, PostgresStore};
use repass_store_tests::{Application, Backend};
use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

pub(crate) fn application() -> (Application, ()) {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    let cluster = CLUSTER.get_or_init(|| Cluster::start().unwrap());
    let url = cluster.url(&cluster.create_database());
    (Application::new(Database { url, client: OnceCell::new() }), ())
}

struct Database {
    url: String,
    client: OnceCell<Client>,
}

impl Database {
    async fn query(&self, sql: &str) -> Vec<SimpleQueryMessage> {
        let connect = || async {
            let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.unwrap();
            tokio::spawn(connection);
            // By default, the schema `repass` would come first, as it is named like the user.
            client.batch_execute("SET search_path TO public").await.unwrap();
            client
        };
        self.client.get_or_init(connect).await.simple_query(sql).await.unwrap()
    }
}

#[async_trait]
impl Backend for Database {
    fn is_postgres(&self) -> bool {
        true
    }

    async fn execute(&self, statements: &str) -> u64 {
        let messages = self.query(statements).await;
        let changed = messages.iter().rev().find_map(|message| match message {
            SimpleQueryMessage::CommandComplete(changed) => Some(*changed),
            _ => None,
        });
        changed.unwrap_or_default()
    }

    async fn rows(&self, select: &str) -> Vec<Vec<Option<String>>> {
        let messages = self.query(select).await;
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => {
                Some((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect())
            }
            _ => None,
        });
        rows.collect()
    }

    async fn open(
        &self,
        accounts: Accounts,
    ) -> Result<Arc<dyn AdministrationStore>, AccountsMismatch> {
        let mut options = PostgresOptions::default();
        options.accounts = accounts;
        match PostgresStore::connect(&self.url, &options).await {
            Ok(store) => Ok(Arc::new(store)),
            Err(OpenError::Accounts(mismatch)) => Err(mismatch),
            Err(error) => panic!("{error:?}"),
        }
    }
}
