//! Check values of the installation key and of pepper keys.

use std::collections::BTreeMap;

use crate::connection::Db;
use crate::failure::Result;
use crate::row::Columns;

pub(crate) fn all(db: Db<'_>) -> Result<BTreeMap<String, [u8; 32]>> {
    let checks = db.rows("SELECT name, value FROM repass_key_checks", [], |row| {
        Ok((Columns(row).get("name")?, Columns(row).get("value")?))
    })?;
    Ok(checks.into_iter().collect())
}

/// Adds a check value unless one of this name exists. Returns the stored one.
pub(crate) fn add(db: Db<'_>, name: &str, check: &[u8; 32]) -> Result<[u8; 32]> {
    db.execute(
        "INSERT INTO repass_key_checks (name, value) VALUES (?1, ?2)
         ON CONFLICT (name) DO NOTHING",
        (name, check),
    )?;
    let kept = "SELECT value FROM repass_key_checks WHERE name = ?1";
    Ok(db.row(kept, [name], |row| Columns(row).get("value"))?.unwrap_or(*check))
}

/// Adds or replaces the check value of this name.
pub(crate) fn replace(db: Db<'_>, name: &str, check: &[u8; 32]) -> Result<()> {
    db.execute(
        "INSERT INTO repass_key_checks (name, value) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, check),
    )?;
    Ok(())
}
