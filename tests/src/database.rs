use std::env::{self, VarError};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use repass_core::{InstallationKey, SystemRandomness};
use repass_postgres_cluster::Cluster;
use repass_store::read_installation_key;
use tempfile::TempDir;

use crate::Sql;

/// The environment variable that names the database of the tests that run on either: `sqlite`, the
/// default, or `postgres`.
const VARIABLE: &str = "TEST_DATABASE";

/// The cluster of this process, for all tests that leave its server alone.
static SHARED: LazyLock<Arc<Cluster>> =
    LazyLock::new(|| Arc::new(Cluster::start().expect("a PostgreSQL cluster")));

/// A fresh database and the folder of a server's files. The last clone deletes both.
#[derive(Debug, Clone)]
pub struct Database(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: TempDir,
    /// The cluster and the name there; `None` for a SQLite file in the folder.
    on_server: Option<(Arc<Cluster>, String)>,
    /// A standby of the cluster, which the URL names first.
    standby: Option<Arc<Cluster>>,
}

impl Database {
    /// A database of the kind that `TEST_DATABASE` names.
    pub(crate) fn new() -> Self {
        match env::var(VARIABLE).as_deref() {
            Ok("postgres") => Self::postgres(),
            Ok("sqlite") | Err(VarError::NotPresent) => Self::sqlite(),
            other => panic!("{VARIABLE} is sqlite or postgres, not {other:?}"),
        }
    }

    /// A SQLite file.
    pub(crate) fn sqlite() -> Self {
        Self::with(None, None)
    }

    /// A database of the cluster that all tests of the process share.
    pub(crate) fn postgres() -> Self {
        Self::on(Arc::clone(&SHARED))
    }

    /// A database of this cluster.
    pub(crate) fn on(cluster: Arc<Cluster>) -> Self {
        Self::on_hosts(cluster, None)
    }

    /// A database of a primary and its standby.
    pub(crate) fn on_pair(primary: Arc<Cluster>, standby: Arc<Cluster>) -> Self {
        Self::on_hosts(primary, Some(standby))
    }

    fn on_hosts(cluster: Arc<Cluster>, standby: Option<Arc<Cluster>>) -> Self {
        let name = cluster.create_database();
        let database = Self::with(Some((cluster, name)), standby);
        let key = InstallationKey::generate(&SystemRandomness).unwrap();
        let file = database.key_file().unwrap();
        fs::write(&file, key.to_text().expose()).unwrap();
        // With the mode that repass expects, or it would warn.
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        database
    }

    fn with(on_server: Option<(Arc<Cluster>, String)>, standby: Option<Arc<Cluster>>) -> Self {
        Self(Arc::new(Inner { folder: tempfile::tempdir().unwrap(), on_server, standby }))
    }

    /// Its URL, as in a configuration.
    pub fn url(&self) -> String {
        match (&self.0.on_server, &self.0.standby) {
            (Some((primary, name)), Some(standby)) => {
                let (one, other) = (standby.folder().display(), primary.folder().display());
                format!("postgres:///{name}?host={one},{other}&user=repass")
            }
            (Some((cluster, name)), None) => cluster.url(name),
            (None, _) => format!("sqlite://{}", self.file().display()),
        }
    }

    /// The file of the installation's key, where one must be named.
    pub fn key_file(&self) -> Option<PathBuf> {
        self.0.on_server.is_some().then(|| self.folder().join("installation.key"))
    }

    /// The installation's key, which a server has made.
    pub fn key(&self) -> InstallationKey {
        let file = self.key_file().unwrap_or_else(|| self.folder().join("repass.db.key"));
        read_installation_key(&file).unwrap().key
    }

    /// The folder of the server's files.
    pub fn folder(&self) -> &Path {
        self.0.folder.path()
    }

    /// A connection that bypasses the store.
    /// Of a pair, it is to the standby.
    pub async fn sql(&self) -> Sql {
        match (&self.0.on_server, &self.0.standby) {
            (Some((_, name)), Some(standby)) => Sql::connect(&standby.url(name)).await,
            _ => Sql::connect(&self.url()).await,
        }
    }

    /// A connection to the primary that bypasses the store.
    pub async fn sql_of_primary(&self) -> Sql {
        let (primary, name) = self.0.on_server.as_ref().unwrap();
        Sql::connect(&primary.url(name)).await
    }

    /// Runs statements without the store.
    pub async fn execute(&self, statements: impl AsRef<str>) {
        self.sql().await.rows(statements.as_ref()).await;
    }

    /// Renames a table of the store's own.
    pub async fn rename_table(&self, from: &str, to: &str) {
        // A table of PostgreSQL's stays in its schema.
        let to = if self.0.on_server.is_some() { to.to_owned() } else { format!("repass_{to}") };
        self.execute(format!("ALTER TABLE @{from} RENAME TO {to}")).await;
    }

    /// The whole contents of the database, to be searched. Binary values are in it as they are, or
    /// as lower-case hexadecimal digits.
    pub async fn contents(&self) -> Vec<u8> {
        if self.0.on_server.is_none() {
            return self.file_contents();
        }
        let sql = self.sql().await;
        let tables =
            "SELECT format('SELECT t::text AS line FROM %I.%I AS t', schemaname, tablename)
                      FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')";
        let mut contents = Vec::new();
        for table in sql.rows(tables).await {
            let dump = table[0].clone().unwrap();
            for output in ["escape", "hex"] {
                sql.rows(&format!("SET bytea_output = '{output}'")).await;
                for line in sql.rows(&dump).await {
                    contents.extend(line[0].clone().unwrap().into_bytes());
                    contents.push(b'\n');
                }
            }
        }
        contents
    }

    fn file(&self) -> PathBuf {
        self.folder().join("repass.db")
    }

    /// The database file and its write-ahead log; the key beside them is no part of the database.
    fn file_contents(&self) -> Vec<u8> {
        fs::read_dir(self.folder())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.to_string_lossy().contains("repass.db"))
            .filter(|path| path.extension().is_none_or(|extension| extension != "key"))
            .flat_map(|path| fs::read(path).unwrap())
            .collect()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Of a pair, the primary may be gone.
        if let (Some((cluster, name)), None) = (&self.on_server, &self.standby) {
            cluster.drop_database(name);
        }
    }
}
