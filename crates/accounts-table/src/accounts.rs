use crate::{AccountsTable, ColumnProblem};

/// The location of the accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a process has one of them, at its start")]
pub enum Accounts {
    /// The location that is recorded in the database: repass's own table, unless the database was
    /// opened with a mapping.
    #[default]
    AsRecorded,
    /// repass's own table.
    Own,
    /// A table of another application. The mapping is recorded in the database, and can be changed
    /// except for the table itself and its `id`.
    Mapped(AccountsTable),
}

/// The requested location of the accounts does not match the database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountsMismatch {
    /// The columns of the table do not fit the mapping. Every problem is reported.
    #[error("the accounts table {table} does not fit its mapping: {}", join(.problems))]
    InvalidMapping {
        /// The table.
        table: String,
        /// The problems of its columns.
        problems: Vec<ColumnProblem>,
    },
    /// repass's own table was requested, but the accounts are in a mapped one.
    #[error("the accounts of this database are in the table {0}, not in repass's own table")]
    InMappedTable(String),
    /// The accounts are in another mapped table.
    #[error(
        "the accounts of this database are in {recorded}, not in {requested}; use another database \
         for other accounts"
    )]
    OtherTable {
        /// The recorded table and id column.
        recorded: String,
        /// The requested table and id column.
        requested: String,
    },
    /// A mapping was requested, but the database already has accounts in repass's own table.
    #[error(
        "this database has accounts in repass's own table; use another database for a mapped table"
    )]
    HasOwnAccounts,
}

impl Accounts {
    /// Returns the mapping to use, given the recorded one; `None` for repass's own table. The store
    /// records a mapping that differs from the recorded one. It refuses a first mapping with
    /// [`AccountsMismatch::HasOwnAccounts`] if its own table has accounts.
    ///
    /// # Errors
    /// When the requested location differs from the recorded one.
    pub fn resolve(
        &self,
        recorded: Option<&AccountsTable>,
    ) -> Result<Option<AccountsTable>, AccountsMismatch> {
        match (recorded, self) {
            (None, Self::AsRecorded | Self::Own) => Ok(None),
            (Some(table), Self::AsRecorded) => Ok(Some(table.clone())),
            (Some(table), Self::Own) => {
                Err(AccountsMismatch::InMappedTable(table.table.to_string()))
            }
            (Some(recorded), Self::Mapped(table))
                if recorded.table != table.table || recorded.id != table.id =>
            {
                Err(AccountsMismatch::OtherTable {
                    recorded: format!("{} by {}", recorded.table, recorded.id),
                    requested: format!("{} by {}", table.table, table.id),
                })
            }
            (_, Self::Mapped(table)) => Ok(Some(table.clone())),
        }
    }
}

fn join(problems: &[ColumnProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::tests::table;

    #[test]
    fn a_recorded_location_cannot_be_changed() {
        let other_columns = AccountsTable { email: None, ..table() };
        let other_id = AccountsTable { id: "uid".parse().unwrap(), ..table() };
        let other_table = AccountsTable { table: "members".parse().unwrap(), ..table() };
        let recorded = table();
        for (recorded, requested, expected) in [
            (None, Accounts::AsRecorded, None),
            (None, Accounts::Own, None),
            (None, Accounts::Mapped(table()), Some(table())),
            (Some(&recorded), Accounts::AsRecorded, Some(table())),
            (Some(&recorded), Accounts::Mapped(other_columns.clone()), Some(other_columns)),
        ] {
            assert_eq!(
                requested.resolve(recorded).unwrap(),
                expected,
                "{recorded:?} {requested:?}"
            );
        }
        for requested in [Accounts::Own, Accounts::Mapped(other_id), Accounts::Mapped(other_table)]
        {
            assert!(requested.resolve(Some(&recorded)).is_err(), "{requested:?}");
        }
    }
}
