use crate::{AccountsTable, ColumnProblem};

/// Where the accounts are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a process has one of them, at its start")]
pub enum Accounts {
    /// Where they were when the database was last opened with another value than this: in repass's
    /// own table if it never was.
    #[default]
    AsNoted,
    /// In repass's own table.
    Own,
    /// In a table of another application. The mapping is noted in the database, and can be changed
    /// except for the table itself and its `id`.
    In(AccountsTable),
}

/// Why the accounts of a database cannot be where they are said to be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountsMismatch {
    /// The table does not fit its mapping. Every problem is reported.
    #[error("the accounts table {table} does not fit: {}", listed(.problems))]
    DoesNotFit {
        /// Which table.
        table: String,
        /// What is wrong.
        problems: Vec<ColumnProblem>,
    },
    /// The accounts were said to be in repass's own table, but are in a mapped one.
    #[error("the accounts of this database are in the table {0}, not in one of repass's own")]
    Elsewhere(String),
    /// The accounts are in another mapped table.
    #[error(
        "the accounts of this database are those of {noted}, not of {wanted}; other accounts need \
         another database"
    )]
    OtherTable {
        /// The table and its id that are noted.
        noted: String,
        /// Those that were given.
        wanted: String,
    },
    /// A table was mapped, but the database has accounts of repass's own.
    #[error(
        "the database holds accounts of repass's own; those of a mapped table need another database"
    )]
    OwnAccounts,
}

impl Accounts {
    /// The mapping to use, given the one that the database has noted; `None` for repass's own table.
    /// A mapping that differs from the noted one is to be noted instead of it. A store refuses a
    /// first mapping with [`AccountsMismatch::OwnAccounts`] if it has accounts of its own.
    ///
    /// # Errors
    /// When the accounts are said to be elsewhere than noted.
    pub fn resolve(
        &self,
        noted: Option<&AccountsTable>,
    ) -> Result<Option<AccountsTable>, AccountsMismatch> {
        match (noted, self) {
            (None, Self::AsNoted | Self::Own) => Ok(None),
            (Some(table), Self::AsNoted) => Ok(Some(table.clone())),
            (Some(table), Self::Own) => Err(AccountsMismatch::Elsewhere(table.table.to_string())),
            (Some(noted), Self::In(table))
                if noted.table != table.table || noted.id != table.id =>
            {
                Err(AccountsMismatch::OtherTable {
                    noted: format!("{} by {}", noted.table, noted.id),
                    wanted: format!("{} by {}", table.table, table.id),
                })
            }
            (_, Self::In(table)) => Ok(Some(table.clone())),
        }
    }
}

fn listed(problems: &[ColumnProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::tests::table;

    #[test]
    fn accounts_stay_where_they_are_noted() {
        let other_columns = AccountsTable { email: None, ..table() };
        let other_id = AccountsTable { id: "uid".parse().unwrap(), ..table() };
        let other_table = AccountsTable { table: "members".parse().unwrap(), ..table() };
        let noted = table();
        for (noted, wanted, expected) in [
            (None, Accounts::AsNoted, None),
            (None, Accounts::Own, None),
            (None, Accounts::In(table()), Some(table())),
            (Some(&noted), Accounts::AsNoted, Some(table())),
            (Some(&noted), Accounts::In(other_columns.clone()), Some(other_columns)),
        ] {
            assert_eq!(wanted.resolve(noted).unwrap(), expected, "{noted:?} {wanted:?}");
        }
        for wanted in [Accounts::Own, Accounts::In(other_id), Accounts::In(other_table)] {
            assert!(wanted.resolve(Some(&noted)).is_err(), "{wanted:?}");
        }
    }
}
