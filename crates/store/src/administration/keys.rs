use jiff::Timestamp;
use repass_core::{AuditRecord, Key, KeyId, Realm, StoreError};
use sqlx::query;
use uuid::Uuid;

use crate::row::{self, key_columns};
use crate::store::SqlStore;

impl SqlStore {
    pub(super) async fn insert_key(
        &self,
        key: &Key,
        audit: &AuditRecord,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let insert = query(
            "INSERT INTO keys (id, realm, kind, name, digest, created_at, revoked_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(key.id.0.to_string())
        .bind(key.realm.as_str())
        .bind(key.kind.as_str())
        .bind(key.name.as_str())
        .bind(key.digest.as_bytes().as_slice())
        .bind(key.created_at.as_microsecond())
        .bind(key.revoked_at.map(Timestamp::as_microsecond));
        self.write(&mut transaction, insert).await?;
        self.write_audit(&mut transaction, audit).await?;
        self.end(transaction, audit).await
    }

    pub(super) async fn list_keys(&self, realm: Option<&Realm>) -> Result<Vec<Key>, StoreError> {
        let keys = match realm {
            None => query(concat!(
                "SELECT ",
                key_columns!(),
                " FROM keys k ORDER BY k.created_at, k.id"
            )),
            Some(realm) => query(concat!(
                "SELECT ",
                key_columns!(),
                " FROM keys k WHERE k.realm = $1 ORDER BY k.created_at, k.id"
            ))
            .bind(realm.as_str()),
        };
        self.rows(keys).await?.iter().map(row::key).collect()
    }

    pub(super) async fn find_key(&self, key: KeyId) -> Result<Option<Key>, StoreError> {
        let found = query(concat!("SELECT ", key_columns!(), " FROM keys k WHERE k.id = $1"));
        let found = found.bind(key.0.to_string());
        self.row(found).await?.as_ref().map(row::key).transpose()
    }

    /// Whether `update`, which takes the moment and the id, revoked something. Only then the record
    /// is written.
    pub(super) async fn revoke(
        &self,
        update: &'static str,
        id: Uuid,
        audit: &AuditRecord,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let update = query(update).bind(audit.at.as_microsecond()).bind(id.to_string());
        if self.write(&mut transaction, update).await? == 0 {
            self.undo(transaction).await?;
            return Ok(false);
        }
        self.write_audit(&mut transaction, audit).await?;
        self.end(transaction, audit).await?;
        Ok(true)
    }
}
