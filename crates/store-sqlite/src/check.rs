use repass_core::StoreError;

use crate::connection::Db;
use crate::failure::Result;
use crate::store::SqliteStore;

/// A defect of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The check that failed.
    pub check: &'static str,
    /// A description without values of rows.
    pub detail: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.check, self.detail)
    }
}

/// Invariants, each with a query that counts the rows that violate it.
const INVARIANTS: &[(&str, &str)] = &[
    (
        "only mapped accounts have mapped credentials",
        "SELECT COUNT(*) FROM repass_mapped_credentials c
         JOIN repass_accounts a ON a.id = c.account WHERE a.mapped_id IS NULL",
    ),
    (
        "earlier hashes have earlier versions",
        "SELECT COUNT(*) FROM repass_password_history h
         JOIN repass_accounts a ON a.id = h.account WHERE h.version >= a.version",
    ),
    (
        "all deliveries of a delivered event are delivered",
        "SELECT COUNT(*) FROM repass_events e JOIN repass_deliveries d ON d.event = e.id
         WHERE e.state = 'delivered' AND d.state <> 'delivered'",
    ),
    (
        "profiles, contexts and payloads are JSON",
        "SELECT (SELECT COUNT(*) FROM repass_accounts WHERE NOT json_valid(profile))
              + (SELECT COUNT(*) FROM repass_audit WHERE NOT json_valid(context))
              + (SELECT COUNT(*) FROM repass_events WHERE NOT json_valid(payload))",
    ),
];

impl SqliteStore {
    /// Checks the structure of the database (`PRAGMA integrity_check`), its references
    /// (`PRAGMA foreign_key_check`) and the invariants of its rows. Returns all defects. The check
    /// reads the whole file; the database can be used meanwhile.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn check(&self) -> std::result::Result<Vec<Finding>, StoreError> {
        self.read(check).await
    }
}

fn check(db: Db<'_>) -> Result<Vec<Finding>> {
    let mut findings = db.rows("PRAGMA integrity_check", [], |row| {
        Ok(Finding { check: "structure", detail: row.get(0)? })
    })?;
    findings.retain(|finding| finding.detail != "ok");
    if !findings.is_empty() {
        // Other checks of a damaged file are meaningless.
        return Ok(findings);
    }
    findings.extend(db.rows(
        "SELECT \"table\", parent, COUNT(*) FROM pragma_foreign_key_check GROUP BY 1, 2",
        [],
        |row| {
            let (table, parent): (String, String) = (row.get(0)?, row.get(1)?);
            let rows: i64 = row.get(2)?;
            let detail = format!("{rows} rows of {table} refer to missing rows of {parent}");
            Ok(Finding { check: "references", detail })
        },
    )?);
    for (check, count) in INVARIANTS {
        let rows = db.row(count, [], |row| Ok(row.get::<_, i64>(0)?))?.unwrap_or_default();
        if rows > 0 {
            findings.push(Finding { check, detail: format!("{rows} rows violate it") });
        }
    }
    Ok(findings)
}
