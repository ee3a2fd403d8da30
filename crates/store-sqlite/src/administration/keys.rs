use jiff::Timestamp;
use repass_core::{AuditRecord, Key, KeyId, Realm, StoreError};
use uuid::Uuid;

use crate::connection::Db;
use crate::failure::{Failure, Result};
use crate::store::SqliteStore;
use crate::tokens::KEY_COLUMNS;
use crate::writer::Outcome;
use crate::{audit_and_events, row};

impl SqliteStore {
    pub(super) async fn insert_key(
        &self,
        key: &Key,
        audit: &AuditRecord,
    ) -> std::result::Result<(), StoreError> {
        let (key, audit) = (key.clone(), audit.clone());
        self.write(move |db| {
            let scopes = serde_json::to_string(&key.scopes)
                .map_err(|_| Failure::Unstorable("the key's scopes cannot be written as JSON"))?;
            db.execute(
                "INSERT INTO repass_keys
                     (id, realm, kind, name, scopes, all_realms, digest, created_at, revoked_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                (
                    key.id.0.as_bytes(),
                    key.realm.as_str(),
                    key.kind.as_str(),
                    &key.name,
                    scopes,
                    key.all_realms,
                    key.digest.as_bytes(),
                    key.created_at.as_microsecond(),
                    key.revoked_at.map(Timestamp::as_microsecond),
                ),
            )?;
            audit_and_events::write_audit(db, &audit)?;
            Ok(Outcome::Commit(()))
        })
        .await
    }

    /// Runs `update` with the time and the id. Writes the audit record and returns `true` if a row
    /// was revoked.
    pub(super) async fn revoke(
        &self,
        update: &'static str,
        id: Uuid,
        audit: &AuditRecord,
    ) -> std::result::Result<bool, StoreError> {
        let audit = audit.clone();
        self.write(move |db| {
            if db.execute(update, (audit.at.as_microsecond(), id.as_bytes()))? == 0 {
                return Ok(Outcome::Rollback(false));
            }
            audit_and_events::write_audit(db, &audit)?;
            Ok(Outcome::Commit(true))
        })
        .await
    }
}

pub(super) fn list(db: Db<'_>, realm: Option<&Realm>) -> Result<Vec<Key>> {
    db.rows(
        &format!(
            "SELECT {KEY_COLUMNS} FROM repass_keys
             WHERE ?1 IS NULL OR realm = ?1 ORDER BY created_at, id"
        ),
        [realm.map(Realm::as_str)],
        row::key,
    )
}

pub(super) fn find(db: Db<'_>, key: KeyId) -> Result<Option<Key>> {
    db.row(
        &format!("SELECT {KEY_COLUMNS} FROM repass_keys WHERE id = ?1"),
        [key.0.as_bytes()],
        row::key,
    )
}
