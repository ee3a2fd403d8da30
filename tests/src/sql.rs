use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::types::ValueRef;
use tokio_postgres::{NoTls, SimpleQueryMessage};

/// A connection to the database that bypasses the store. In statements,
/// ` @accounts` stands for the store's own table of that name.
pub enum Sql {
    /// A file.
    Sqlite(rusqlite::Connection),
    /// A database on a server.
    Postgres(tokio_postgres::Client),
}

impl std::fmt::Debug for Sql {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sql")
    }
}

/// The values of a row as texts; of a binary value, lower-case hexadecimal digits.
pub type Row = Vec<Option<String>>;

impl Sql {
    /// Connects to the database of this URL.
    pub async fn connect(url: &str) -> Self {
        if let Some(file) = url.strip_prefix("sqlite://") {
            let connection = rusqlite::Connection::open(file).unwrap();
            connection.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
            return Self::Sqlite(connection);
        }
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        tokio::spawn(connection);
        Self::Postgres(client)
    }

    /// The statement with the names of this database.
    fn named(&self, statement: &str) -> String {
        let prefix = match self {
            Self::Sqlite(_) => " repass_",
            Self::Postgres(_) => " repass.",
        };
        statement.replace(" @", prefix)
    }

    /// Runs statements and returns the rows that they find.
    pub async fn rows(&self, statements: &str) -> Vec<Row> {
        let statements = self.named(statements);
        match self {
            Self::Sqlite(connection) => {
                let mut found = Vec::new();
                let mut batch = rusqlite::Batch::new(connection, &statements);
                while let Some(mut statement) = batch.next().unwrap() {
                    let columns = statement.column_count();
                    let mut rows = statement.query([]).unwrap();
                    while let Some(row) = rows.next().unwrap() {
                        let value = |column| text(row.get_ref(column).unwrap());
                        found.push((0..columns).map(value).collect());
                    }
                }
                found
            }
            Self::Postgres(client) => {
                let messages = client.simple_query(&statements).await.unwrap();
                let row = |message| match message {
                    SimpleQueryMessage::Row(row) => {
                        let value = |column| row.get(column).map(str::to_owned);
                        Some((0..row.len()).map(value).collect())
                    }
                    _ => None,
                };
                messages.into_iter().filter_map(row).collect()
            }
        }
    }

    /// The values of the only row that a statement finds.
    pub async fn row(&self, statement: &str) -> Row {
        let mut rows = self.rows(statement).await;
        assert_eq!(rows.len(), 1, "{statement}");
        rows.remove(0)
    }

    /// The numbers of the only row that a statement finds.
    pub async fn numbers(&self, statement: &str) -> Vec<i64> {
        let row = self.row(statement).await;
        row.into_iter().map(|value| value.unwrap().parse().unwrap()).collect()
    }
}

fn text(value: ValueRef<'_>) -> Option<String> {
    Some(match value {
        ValueRef::Null => return None,
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => String::from_utf8(text.to_owned()).unwrap(),
        ValueRef::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    })
}
