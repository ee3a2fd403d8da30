//! Privileges of a serving role.

use repass_core::StoreError;

use crate::connections::Connections;
use crate::query::Query;
use crate::row::get;

/// The privileges on repass's own tables. `README.md` lists the GRANT statements.
pub(crate) const PRIVILEGES: &[(&str, &[&str])] = &[
    ("migrations", &["SELECT"]),
    ("accounts_table", &["SELECT"]),
    ("accounts", &["SELECT", "INSERT", "UPDATE", "DELETE"]),
    ("mapped_credentials", &["SELECT", "INSERT", "UPDATE"]),
    ("password_history", &["SELECT", "INSERT", "DELETE"]),
    ("attempts", &["SELECT", "INSERT", "UPDATE", "DELETE"]),
    ("name_locks", &["SELECT", "INSERT", "DELETE"]),
    ("reset_tokens", &["SELECT", "INSERT", "UPDATE", "DELETE"]),
    ("access_tokens", &["SELECT", "INSERT", "UPDATE", "DELETE"]),
    ("keys", &["SELECT", "INSERT", "UPDATE"]),
    ("one_time_passwords", &["SELECT", "INSERT", "UPDATE"]),
    ("audit", &["SELECT", "INSERT", "DELETE"]),
    ("events", &["SELECT", "INSERT", "UPDATE", "DELETE"]),
    ("deliveries", &["SELECT", "INSERT", "UPDATE"]),
    ("key_checks", &["SELECT", "INSERT", "UPDATE"]),
    ("probe", &["SELECT", "UPDATE"]),
];

/// Repass's own functions. The schema may have others.
const FUNCTIONS: &[&str] = &[
    "reserve_attempt",
    "find_and_reserve",
    "spend_one_time_password",
    "finish_attempt",
    "change_password",
];

/// Returns the privileges that this role lacks on existing tables and functions, such as `UPDATE ON
/// repass.accounts`.
pub(crate) async fn missing(
    connections: &Connections,
    schema: &str,
) -> Result<Vec<String>, StoreError> {
    let usage = Query::new(
        "SELECT 1 FROM pg_catalog.pg_namespace
         WHERE nspname = $1 AND NOT has_schema_privilege(oid, 'USAGE')",
    );
    if !connections.run(&usage.bind(schema)).await?.rows.is_empty() {
        return Ok(vec![format!("USAGE ON SCHEMA {schema}")]);
    }
    let needed = PRIVILEGES
        .iter()
        .flat_map(|(table, privileges)| privileges.iter().map(move |own| (*table, *own)));
    let (tables, privileges): (Vec<String>, Vec<String>) =
        needed.map(|(table, own)| (table.to_owned(), own.to_owned())).unzip();
    let query = Query::new(
        "SELECT CAST(c.relname AS TEXT) AS name, w.privilege || ' ON' AS privilege
         FROM unnest($1, $2) AS w (name, privilege)
         JOIN pg_catalog.pg_class c ON c.relname = w.name
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = $3
         WHERE NOT has_table_privilege(c.oid, w.privilege)
         UNION ALL
         SELECT CAST(p.proname AS TEXT), 'EXECUTE ON FUNCTION'
         FROM pg_catalog.pg_proc p
         JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace AND n.nspname = $3
         WHERE p.proname = ANY ($4) AND NOT has_function_privilege(p.oid, 'EXECUTE')",
    );
    let functions: Vec<String> = FUNCTIONS.iter().map(|&name| name.to_owned()).collect();
    let query = query.bind(tables).bind(privileges).bind(schema).bind(functions);
    let reply = connections.run(&query).await?;
    let lacking = reply.rows.iter().map(|row| {
        let (name, privilege): (&str, &str) = (get(row, "name")?, get(row, "privilege")?);
        Ok(format!("{privilege} {schema}.{name}"))
    });
    lacking.collect()
}

/// Returns the privileges that this role lacks to create or migrate the schema.
pub(crate) async fn missing_to_migrate(
    connections: &Connections,
    schema: &str,
) -> Result<Vec<String>, StoreError> {
    let query = Query::new(
        "SELECT CASE
             WHEN n.oid IS NULL AND NOT has_database_privilege(d.oid, 'CREATE')
                 THEN 'CREATE ON DATABASE ' || d.datname
             WHEN n.oid IS NOT NULL AND NOT has_schema_privilege(n.oid, 'CREATE')
                 THEN 'CREATE ON SCHEMA ' || n.nspname
         END AS lacking
         FROM pg_catalog.pg_database d
         LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = $1
         WHERE d.datname = current_database()",
    );
    let reply = connections.run(&query.bind(schema)).await?;
    let lacking = reply.rows.iter().map(|row| get::<Option<String>>(row, "lacking"));
    Ok(lacking.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}
