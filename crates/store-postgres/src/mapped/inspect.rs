use repass_accounts_table::{
    AccountsMismatch, AccountsTable, Column, ColumnKind, ColumnProblem, SqlName,
};
use repass_core::StoreError;

use super::MappedTable;
use crate::connections::Connections;
use crate::query::Query;
use crate::row::get;

/// A mapped table cannot be used.
#[derive(Debug)]
pub(crate) enum InspectError {
    Store(StoreError),
    Mismatch(AccountsMismatch),
}

impl From<StoreError> for InspectError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl MappedTable {
    /// Checks the table against its mapping. Reports every problem.
    pub(crate) async fn inspect(
        connections: &Connections,
        mapping: &AccountsTable,
    ) -> Result<Self, InspectError> {
        let columns = read_columns(connections, mapping).await?;
        let is_named = |name: &SqlName, column: &Column| column.name == name.as_str();
        let mismatch = |problems: Vec<ColumnProblem>| {
            InspectError::Mismatch(AccountsMismatch::InvalidMapping {
                table: mapping.table.to_string(),
                problems,
            })
        };
        let types = mapping.check_columns(&columns, is_named).map_err(mismatch)?;
        let table = Self { mapping: mapping.clone(), types };
        let problems = table.unwritable(connections).await?;
        if problems.is_empty() { Ok(table) } else { Err(mismatch(problems)) }
    }

    /// Returns the written columns on which this role has no UPDATE privilege.
    async fn unwritable(
        &self,
        connections: &Connections,
    ) -> Result<Vec<ColumnProblem>, StoreError> {
        let mut problems = Vec::new();
        let written =
            [("hash", Some(&self.mapping.hash)), ("active", self.mapping.active.as_ref())];
        for (member, name) in written {
            let Some(name) = name else { continue };
            let allowed = Query::new("SELECT has_column_privilege($1, $2, 'UPDATE') AS allowed")
                .bind(self.name())
                .bind(name.as_str());
            let reply = connections.run(&allowed).await?;
            if !reply.rows.first().map_or(Ok(false), |row| get(row, "allowed"))? {
                let table = self.name();
                let reason = format!(
                    "this role has no UPDATE privilege; run GRANT UPDATE ON {table} for it"
                );
                problems.push(ColumnProblem::new(member, name, reason));
            }
        }
        Ok(problems)
    }
}

async fn read_columns(
    connections: &Connections,
    mapping: &AccountsTable,
) -> Result<Vec<Column>, StoreError> {
    let schema = mapping.table.schema().map_or("public", SqlName::as_str);
    let columns = Query::new(
        "SELECT CAST(column_name AS TEXT) AS name, CAST(udt_name AS TEXT) AS declared,
                CAST(character_maximum_length AS BIGINT) AS max_length
         FROM information_schema.columns WHERE table_name = $1 AND table_schema = $2",
    );
    let columns = columns.bind(mapping.table.table().as_str()).bind(schema);
    let reply = connections.run(&columns).await?;
    let column = |row| {
        let declared: String = get(row, "declared")?;
        let kind = match declared.as_str() {
            "bool" => ColumnKind::Boolean,
            "int2" | "int4" | "int8" => ColumnKind::Integer,
            "uuid" => ColumnKind::Uuid,
            "text" | "varchar" | "citext" => ColumnKind::Text,
            _ => ColumnKind::Other,
        };
        Ok(Column { name: get(row, "name")?, declared, kind, max_length: get(row, "max_length")? })
    };
    reply.rows.iter().map(column).collect()
}
