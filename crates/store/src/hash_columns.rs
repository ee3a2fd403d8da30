//! A hash as it stands in our own tables: the columns `hash`, `normalisation` and `pepper`.

use std::collections::BTreeSet;

use repass_core::{HashedPassword, StoreError};
use sqlx::query;

use crate::effect::Value;
use crate::row;
use crate::store::{SqlStore, Statement};

/// Binds the columns in this order.
pub(crate) fn bind_hash<'q>(statement: Statement<'q>, hash: &HashedPassword) -> Statement<'q> {
    bind_manner(statement.bind(hash.as_str().to_owned()), hash)
}

/// Binds all but the hash itself.
pub(crate) fn bind_manner<'q>(statement: Statement<'q>, hash: &HashedPassword) -> Statement<'q> {
    statement.bind(hash.normalisation().as_str()).bind(hash.pepper())
}

/// The columns in this order.
pub(crate) fn hash_values(hash: &HashedPassword) -> [Value; 3] {
    [hash.as_str().into(), hash.normalisation().as_str().into(), hash.pepper().into()]
}

impl SqlStore {
    /// The ids of the pepper keys that hashes name, each found by one look into an index.
    pub(crate) async fn named_peppers(&self) -> Result<BTreeSet<String>, StoreError> {
        let mut peppers = BTreeSet::new();
        // No id is empty, so every one comes after that.
        let mut after = String::new();
        loop {
            let next = query(
                "SELECT MIN(pepper) AS pepper FROM (
                     SELECT MIN(pepper) AS pepper FROM credentials WHERE pepper > $1
                     UNION ALL
                     SELECT MIN(pepper) AS pepper FROM password_history WHERE pepper > $1
                 ) AS each_table",
            );
            let next = self.row(next.bind(after.clone())).await?;
            let Some(pepper) = next.as_ref().map(row::pepper).transpose()?.flatten() else {
                return Ok(peppers);
            };
            after.clone_from(&pepper);
            peppers.insert(pepper);
        }
    }
}
