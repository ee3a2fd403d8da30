use std::collections::{BTreeMap, BTreeSet};

use repass_core::{AuditRecord, Key, KeyId, Realm, StoreError};
use uuid::Uuid;

use crate::audit::{insert_audit_if, unrecorded};
use crate::commit::done;
use crate::failure::damaged;
use crate::query::Query;
use crate::row::{self, bytes32, get};
use crate::store::PostgresStore;
use crate::tokens::KEY_COLUMNS;
use crate::transaction::Durability;

impl PostgresStore {
    pub(super) async fn insert_key(
        &self,
        key: &Key,
        audit: &AuditRecord,
    ) -> Result<(), StoreError> {
        let mut query = Query::default();
        let values = [
            query.value(key.id),
            query.value(key.realm.as_str()),
            query.value(key.kind.as_str()),
            query.value(key.name.as_str()),
            query.value(key.scopes.iter().map(|it| it.as_str().to_owned()).collect::<Vec<_>>()),
            query.value(key.all_realms),
            query.value(key.digest),
            query.value(key.created_at),
            query.value(key.revoked_at),
        ];
        let (values, unrecorded) = (values.join(", "), unrecorded(&mut query, audit));
        let record = insert_audit_if(&mut query, audit, &unrecorded)?;
        let insert = query.with_sql(format!(
            "WITH key AS (
                 INSERT INTO @keys (id, realm, kind, name, scopes, all_realms, digest, created_at,
                                    revoked_at)
                 SELECT {values} WHERE {unrecorded}),
             audit AS ({record})
             SELECT 1"
        ));
        self.change([], insert, audit).await.map(drop)
    }

    pub(super) async fn list_keys(&self, realm: Option<&Realm>) -> Result<Vec<Key>, StoreError> {
        let mut query = Query::default();
        let within = realm.map_or(String::new(), |realm| {
            format!("WHERE k.realm = {}", query.value(realm.as_str()))
        });
        let keys =
            format!("SELECT {KEY_COLUMNS} FROM @keys k {within} ORDER BY k.created_at, k.id");
        self.rows(&query.with_sql(keys)).await?.iter().map(row::key).collect()
    }

    pub(super) async fn find_key(&self, key: KeyId) -> Result<Option<Key>, StoreError> {
        let find = format!("SELECT {KEY_COLUMNS} FROM @keys k WHERE k.id = $1");
        self.row(&Query::new(find).bind(key)).await?.as_ref().map(row::key).transpose()
    }

    /// Revokes a row of `table`. Writes the audit record and returns `true` if the row was not
    /// revoked yet.
    pub(super) async fn revoke(
        &self,
        table: &str,
        id: Uuid,
        audit: &AuditRecord,
    ) -> Result<bool, StoreError> {
        let mut query = Query::default();
        let (at, id) = (query.value(audit.at), query.value(id));
        let unrecorded = unrecorded(&mut query, audit);
        let record = insert_audit_if(&mut query, audit, "EXISTS (SELECT 1 FROM revoked)")?;
        let revoke = query.with_sql(format!(
            "WITH revoked AS (UPDATE {table} SET revoked_at = {at}
                              WHERE id = {id} AND revoked_at IS NULL AND {unrecorded} RETURNING 1),
                  audit AS ({record})
             SELECT EXISTS (SELECT 1 FROM revoked) AS done"
        ));
        self.change([], revoke, audit).await?.as_ref().map_or(Ok(true), done)
    }

    /// Returns the ids of the pepper keys in use, each by one index lookup.
    pub(super) async fn list_peppers(&self) -> Result<BTreeSet<String>, StoreError> {
        let mut peppers = BTreeSet::new();
        // Every id comes after the empty text.
        let mut after = String::new();
        loop {
            let next = Query::new(
                "SELECT MIN(pepper) AS pepper FROM (
                     SELECT MIN(pepper) AS pepper FROM @accounts WHERE pepper > $1
                     UNION ALL
                     SELECT MIN(pepper) AS pepper FROM @mapped_credentials WHERE pepper > $1
                     UNION ALL
                     SELECT MIN(pepper) AS pepper FROM @password_history WHERE pepper > $1
                 ) AS each_table",
            );
            let next = self.row(&next.bind(after.as_str())).await?;
            let next: Option<String> = next.map_or(Ok(None), |row| get(&row, "pepper"))?;
            let Some(pepper) = next else { return Ok(peppers) };
            after.clone_from(&pepper);
            peppers.insert(pepper);
        }
    }

    pub(super) async fn list_key_checks(&self) -> Result<BTreeMap<String, [u8; 32]>, StoreError> {
        let rows = self.rows(&Query::new("SELECT name, value FROM @key_checks")).await?;
        rows.iter().map(|row| Ok((get(row, "name")?, bytes32(row, "value")?))).collect()
    }

    pub(super) async fn insert_key_check(
        &self,
        name: &str,
        check: &[u8; 32],
    ) -> Result<[u8; 32], StoreError> {
        let insert = Query::new(
            "INSERT INTO @key_checks (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
        );
        let insert = insert.bind(name).bind(check);
        let select = Query::new("SELECT value FROM @key_checks WHERE name = $1").bind(name);
        let transaction = self.begin(Durability::Immediate).await?;
        let replies = transaction.commit(&[insert, select], None).await?;
        let row = replies.and_then(|mut replies| replies.pop()?.rows.pop());
        row.map_or_else(|| Err(damaged("value")), |row| bytes32(&row, "value"))
    }

    pub(super) async fn upsert_key_check(
        &self,
        name: &str,
        check: &[u8; 32],
    ) -> Result<(), StoreError> {
        let upsert = Query::new(
            "INSERT INTO @key_checks (name, value) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        );
        let upsert = upsert.bind(name).bind(check);
        let transaction = self.begin(Durability::Immediate).await?;
        transaction.commit(&[upsert], None).await.map(drop)
    }
}
