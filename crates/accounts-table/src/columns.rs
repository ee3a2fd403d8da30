//! Checks that the columns of a table have the types that a mapping needs.

use std::fmt;

use crate::{AccountsTable, IdentifierKind, SqlName};

/// A column of a table, as the database describes it.
#[derive(Debug, Clone)]
pub struct Column {
    /// The name.
    pub name: String,
    /// The name of the type in the database.
    pub declared: String,
    /// The kind of the type.
    pub kind: ColumnKind,
    /// The maximum number of characters, if the type is bounded.
    pub max_length: Option<i64>,
}

/// The kind of a column type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// A boolean.
    Boolean,
    /// A whole number.
    Integer,
    /// A UUID type of the database.
    Uuid,
    /// A text.
    Text,
    /// Anything else.
    Other,
}

/// The types of mapped columns that a store needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnTypes {
    /// The type of the column `id`.
    pub id: IdentifierKind,
    /// The type of the column `user_id`.
    pub user_id: IdentifierKind,
    /// Whether the column `active` is a boolean; otherwise it is a number, or not mapped.
    pub active_is_boolean: bool,
}

/// A problem of one member of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnProblem {
    /// The member of [`AccountsTable`], as in a configuration: `table`, `id`, `hash`,
    /// `realm_column` and so on.
    pub member: &'static str,
    /// The table or column that it names.
    pub name: String,
    /// The problem.
    pub reason: String,
}

impl ColumnProblem {
    /// Creates a problem of the member that names `name`.
    pub fn new(member: &'static str, name: impl fmt::Display, reason: impl Into<String>) -> Self {
        Self { member, name: name.to_string(), reason: reason.into() }
    }
}

impl fmt::Display for ColumnProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {:?}: {}", self.member, self.name, self.reason)
    }
}

impl AccountsTable {
    /// The characters that the column `hash` must hold.
    const MAX_HASH_LENGTH: i64 = 128;

    /// Checks that a table with these columns fits the mapping. `is_named` compares the name of a
    /// column as the database does.
    ///
    /// # Errors
    /// All problems of the mapping.
    pub fn check_columns(
        &self,
        columns: &[Column],
        is_named: impl Fn(&SqlName, &Column) -> bool,
    ) -> Result<ColumnTypes, Vec<ColumnProblem>> {
        if let Err(invalid) = self.check() {
            let reason = invalid.to_string();
            return Err(vec![ColumnProblem::new(invalid.member, &invalid.column, reason)]);
        }
        if columns.is_empty() {
            let reason = "there is no such table, or this user may not see it";
            return Err(vec![ColumnProblem::new("table", &self.table, reason)]);
        }
        let mut types = ColumnTypes {
            id: IdentifierKind::Text,
            user_id: IdentifierKind::Text,
            active_is_boolean: false,
        };
        let mut problems = Vec::new();
        for (member, name) in self.columns() {
            let Some(column) = columns.iter().find(|column| is_named(name, column)) else {
                let all: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
                let reason = format!(
                    "there is no such column, or this user may not see it; the columns are {}",
                    all.join(", ")
                );
                problems.push(ColumnProblem::new(member, name, reason));
                continue;
            };
            if let Some(wrong) = column.why_unusable(member) {
                let reason = format!("{wrong}, but is {:?}", column.declared);
                problems.push(ColumnProblem::new(member, name, reason));
            }
            match (member, column.kind.identifier()) {
                ("id", Some(kind)) => types.id = kind,
                ("user_id", Some(kind)) => types.user_id = kind,
                ("active", _) => types.active_is_boolean = column.kind == ColumnKind::Boolean,
                _ => {}
            }
        }
        if problems.is_empty() { Ok(types) } else { Err(problems) }
    }
}

impl Column {
    /// Returns why the column cannot be used as `member`; `None` if it can.
    fn why_unusable(&self, member: &str) -> Option<&'static str> {
        let too_short =
            self.max_length.is_some_and(|length| length < AccountsTable::MAX_HASH_LENGTH);
        match (member, self.kind) {
            ("id" | "user_id", kind) if kind.identifier().is_none() => {
                Some("must be an integer, a UUID or text")
            }
            ("hash", ColumnKind::Text) if too_short => Some("must hold 128 characters"),
            ("hash" | "realm_column", kind) if kind != ColumnKind::Text => Some("must be text"),
            ("active", kind) if !matches!(kind, ColumnKind::Boolean | ColumnKind::Integer) => {
                Some("must be a boolean or an integer")
            }
            _ => None,
        }
    }
}

impl ColumnKind {
    const fn identifier(self) -> Option<IdentifierKind> {
        match self {
            Self::Integer => Some(IdentifierKind::Integer),
            Self::Uuid => Some(IdentifierKind::Uuid),
            Self::Text => Some(IdentifierKind::Text),
            Self::Boolean | Self::Other => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::tests::table;

    fn column(name: &str, kind: ColumnKind) -> Column {
        Column { name: name.to_owned(), declared: format!("{kind:?}"), kind, max_length: None }
    }

    fn check(columns: &[Column]) -> Result<ColumnTypes, Vec<&'static str>> {
        let named = |name: &SqlName, column: &Column| name.eq_ignore_case(&column.name);
        let members = |problems: Vec<ColumnProblem>| {
            problems.into_iter().map(|problem| problem.member).collect()
        };
        table().check_columns(columns, named).map_err(members)
    }

    #[test]
    fn the_types_of_a_valid_table_are_returned() {
        let columns = [
            column("ID", ColumnKind::Integer),
            column("pw", ColumnKind::Text),
            column("mail", ColumnKind::Other),
            column("enabled", ColumnKind::Boolean),
            column("tenant", ColumnKind::Text),
        ];
        let integer = IdentifierKind::Integer;
        let expected = ColumnTypes { id: integer, user_id: integer, active_is_boolean: true };
        assert_eq!(check(&columns), Ok(expected));
    }

    #[test]
    fn every_problem_is_reported() {
        let short = Column { max_length: Some(127), ..column("pw", ColumnKind::Text) };
        let columns = [
            column("id", ColumnKind::Boolean),
            short,
            column("enabled", ColumnKind::Text),
            column("tenant", ColumnKind::Integer),
        ];
        let all = ["id", "user_id", "hash", "email", "username", "active", "realm_column"];
        assert_eq!(check(&columns), Err(all.to_vec()));
        assert_eq!(check(&[]), Err(vec!["table"]));
    }
}
