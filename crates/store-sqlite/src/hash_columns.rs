//! The columns `hash`, `normalization` and `pepper`.

use std::collections::BTreeSet;

use repass_core::HashedPassword;

use crate::connection::Db;
use crate::failure::Result;

pub(crate) struct HashColumns<'h> {
    pub(crate) hash: &'h str,
    pub(crate) normalization: &'static str,
    pub(crate) pepper: Option<String>,
}

impl<'h> HashColumns<'h> {
    pub(crate) fn new(hash: &'h HashedPassword) -> Self {
        let normalization = hash.normalization().as_str();
        Self { hash: hash.as_str(), normalization, pepper: hash.pepper() }
    }
}

/// Returns the ids of the pepper keys in use, each by one index lookup.
pub(crate) fn peppers(db: Db<'_>) -> Result<BTreeSet<String>> {
    const NEXT: &str = "SELECT MIN(pepper) FROM (
        SELECT MIN(pepper) AS pepper FROM repass_accounts WHERE pepper > ?1
        UNION ALL
        SELECT MIN(pepper) AS pepper FROM repass_mapped_credentials WHERE pepper > ?1
        UNION ALL
        SELECT MIN(pepper) AS pepper FROM repass_password_history WHERE pepper > ?1)";
    let mut peppers = BTreeSet::new();
    // Every id comes after the empty text.
    let mut after = String::new();
    while let Some(pepper) =
        db.row(NEXT, [&after], |row| Ok(row.get::<_, Option<String>>(0)?))?.flatten()
    {
        after.clone_from(&pepper);
        peppers.insert(pepper);
    }
    Ok(peppers)
}
