//! Writing a file of either format.

use std::io;

use jiff::Timestamp;
use repass_core::{Account, Found};
use serde_json::{Map, Value};

use super::Column;
use crate::cli::FileFormat;

/// The columns that are written, those of the hash at the end.
const COLUMNS: [Column; 14] = [
    Column::UserId,
    Column::Realm,
    Column::Email,
    Column::Username,
    Column::Active,
    Column::GivenName,
    Column::MiddleName,
    Column::FamilyName,
    Column::Attributes,
    Column::CreatedAt,
    Column::UpdatedAt,
    Column::PasswordChangedAt,
    Column::PasswordHash,
    Column::HashNormalisation,
];

/// Turns accounts into the text of a file.
pub(crate) struct AccountsWriter {
    format: FileFormat,
    columns: &'static [Column],
    begun: bool,
}

impl AccountsWriter {
    pub(crate) fn new(format: FileFormat, with_hashes: bool) -> Self {
        let columns = if with_hashes { &COLUMNS[..] } else { &COLUMNS[..COLUMNS.len() - 3] };
        Self { format, columns, begun: false }
    }

    /// The next part of the file, with these accounts; the first one has the names of the columns.
    pub(crate) fn part(&mut self, accounts: &[Found]) -> io::Result<Vec<u8>> {
        match self.format {
            FileFormat::Csv => self.csv(accounts),
            FileFormat::Jsonl => self.json_lines(accounts),
        }
    }

    fn csv(&mut self, accounts: &[Found]) -> io::Result<Vec<u8>> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        if !std::mem::replace(&mut self.begun, true) {
            writer.write_record(self.columns.iter().map(|column| column.name()))?;
        }
        for found in accounts {
            let cell = |column: &Column| match value(found, *column) {
                Value::Null => String::new(),
                Value::String(text) => text,
                other => other.to_string(),
            };
            writer.write_record(self.columns.iter().map(cell))?;
        }
        writer.into_inner().map_err(csv::IntoInnerError::into_error)
    }

    fn json_lines(&mut self, accounts: &[Found]) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        for found in accounts {
            let member = |column: &Column| (column.name().to_owned(), value(found, *column));
            let members = self.columns.iter().map(member).filter(|(_, value)| !value.is_null());
            serde_json::to_writer(&mut bytes, &members.collect::<Map<_, _>>())?;
            bytes.push(b'\n');
        }
        Ok(bytes)
    }
}

/// What is written of an account in a column, in such a way that [`Fields`](super::Fields) reads it
/// again.
fn value(Found { account, credential }: &Found, column: Column) -> Value {
    let Account { user_id, realm, email, username, profile, active, .. } = account;
    let moment = |moment: Timestamp| Value::from(moment.to_string());
    match column {
        Column::UserId => user_id.as_str().into(),
        Column::Realm => realm.as_str().into(),
        Column::Email => email.clone().into(),
        Column::Username => username.clone().into(),
        Column::Active => (*active).into(),
        Column::GivenName => profile.given_name.clone().into(),
        Column::MiddleName => profile.middle_name.clone().into(),
        Column::FamilyName => profile.family_name.clone().into(),
        Column::Attributes if profile.attributes.is_empty() => Value::Null,
        Column::Attributes => profile.attributes.clone().into(),
        Column::CreatedAt => moment(account.created_at),
        Column::UpdatedAt => moment(account.updated_at),
        Column::PasswordChangedAt => {
            credential.as_ref().map(|own| own.changed_at.to_string()).into()
        }
        Column::PasswordHash => credential.as_ref().map(|own| own.hash.as_str()).into(),
        Column::HashNormalisation => {
            credential.as_ref().map(|own| own.hash.normalisation().as_str()).into()
        }
        // What is stored tells its own format, and holds its salt.
        Column::HashSalt | Column::HashFormat => Value::Null,
    }
}
