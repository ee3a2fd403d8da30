//! Converts rows to accounts, for an import.

use std::io::BufRead;

use repass_core::jiff::Timestamp;
use repass_core::{
    Administration, HashCost, HashedPassword, ImportedPassword, NewAccount, NewImport,
    Normalization, Peppers, Profile, Realm, UserId,
};
use repass_hash_families::{DeclarationError, ExportedHash, ImportFormat, stored_text};

use crate::{AccountReader, Column, Fields, FileError};

/// Bytes of the file after which a batch of long rows ends.
const BATCH_BYTES: u64 = 1024 * 1024;

/// The values for rows without their own.
#[derive(Debug)]
pub struct Defaults {
    /// The realm.
    pub realm: Realm,
    /// The format of hashes.
    pub hash_format: ImportFormat,
    /// The known pepper keys. A server does not start if a stored hash needs an unknown key.
    pub peppers: Peppers,
    /// Whether hashes are accepted that take long to verify; see [`HashCost::is_costly`].
    pub allow_costly: bool,
}

impl Defaults {
    /// Returns the hash of another system in the form that is stored.
    ///
    /// # Errors
    /// The reason for a refusal, which does not quote the hash: it is invalid, needs an unknown
    /// pepper key, or is too costly to verify.
    pub fn hash(
        &self,
        exported: ExportedHash<'_>,
        format: Option<&ImportFormat>,
        normalization: Normalization,
    ) -> Result<HashedPassword, String> {
        let text = stored_text(format.unwrap_or(&self.hash_format), exported);
        let text = text.map_err(|error| error.to_string())?;
        let hash = HashedPassword::from_stored(text).with_normalization(normalization);
        if let Some(id) = hash.pepper()
            && !self.peppers.has(&id)
        {
            return Err(format!(
                "the hash needs the pepper key {id}, which is not configured; add it to \
                 hashing.peppers, or give its file to `repass account import` with --pepper-key"
            ));
        }
        let cost = hash.cost().map_err(|error| error.to_string())?;
        if cost.is_costly() && !self.allow_costly {
            return Err(too_costly(&cost));
        }
        Ok(hash)
    }
}

/// Rows that are written in one transaction.
#[derive(Debug, Default)]
pub struct Batch {
    /// The rows with their first lines: an account, or the reason for a refusal, which quotes no
    /// possible hash.
    pub rows: Vec<(u64, Result<NewImport, String>)>,
    /// Bytes of the file up to the end of the batch.
    pub bytes_read: u64,
}

impl Batch {
    /// Reads the next rows, at most [`Administration::IMPORT_BATCH`]. At the end of the file, there
    /// are none.
    ///
    /// # Errors
    /// When the file cannot be read. The rows before the error are in `self`.
    pub fn fill<R: BufRead>(
        &mut self,
        reader: &mut AccountReader<R>,
        defaults: &Defaults,
    ) -> Result<(), FileError> {
        let begun = reader.bytes_read();
        while self.rows.len() < Administration::IMPORT_BATCH {
            let Some(row) = reader.next_row()? else { break };
            let fields = row.fields.map_err(String::from);
            let account = fields.and_then(|fields| account(fields, defaults));
            self.rows.push((row.line, account));
            self.bytes_read = reader.bytes_read();
            if self.bytes_read - begun >= BATCH_BYTES {
                break;
            }
        }
        Ok(())
    }
}

/// Returns the account of a row, or the reason for a refusal.
fn account(mut fields: Fields, defaults: &Defaults) -> Result<NewImport, String> {
    let user_id: UserId = fields.parsed(Column::UserId)?.ok_or("user_id is missing")?;
    if user_id.as_str().trim() != user_id.as_str() {
        return Err("user_id begins or ends with white space; remove it".to_owned());
    }
    let realm = fields.parsed(Column::Realm)?;
    let password = password(&mut fields, defaults)?;
    Ok(NewImport {
        account: NewAccount {
            realm: realm.unwrap_or_else(|| defaults.realm.clone()),
            user_id,
            email: fields.parsed(Column::Email)?,
            username: fields.text(Column::Username)?,
            profile: Profile {
                given_name: fields.text(Column::GivenName)?,
                middle_name: fields.text(Column::MiddleName)?,
                family_name: fields.text(Column::FamilyName)?,
                attributes: fields.object(Column::Attributes)?.unwrap_or_default(),
            },
        },
        active: fields.boolean(Column::Active)?,
        created_at: time(&mut fields, Column::CreatedAt)?,
        updated_at: time(&mut fields, Column::UpdatedAt)?,
        password,
    })
}

fn password(fields: &mut Fields, defaults: &Defaults) -> Result<Option<ImportedPassword>, String> {
    let changed_at = time(fields, Column::PasswordChangedAt)?;
    let salt = fields.text(Column::HashSalt)?;
    let format = fields.text(Column::HashFormat)?;
    let normalization = normalization(fields)?;
    let Some(hash) = fields.text(Column::PasswordHash)? else {
        // Without a hash, only a salt is an error; format and normalization may be in every row.
        return match salt {
            Some(_) => Err("hash_salt without password_hash".to_owned()),
            None => Ok(None),
        };
    };
    let format = format.as_deref().map(parse_format).transpose()?;
    let exported = ExportedHash { hash: &hash, salt: salt.as_deref() };
    let hash = defaults.hash(exported, format.as_ref(), normalization)?;
    Ok(Some(ImportedPassword { hash, changed_at }))
}

fn too_costly(cost: &HashCost) -> String {
    format!(
        "a verification of the hash ({}) takes a thread for about {:.0} s with the longest \
         password; import it by `repass account import --allow-costly`, or without the hash and \
         reset the password",
        cost.parameters,
        cost.time.as_secs_f64()
    )
}

fn normalization(fields: &mut Fields) -> Result<Normalization, String> {
    let name = fields.text(Column::HashNormalization)?;
    let unknown = || "hash_normalization must be none or nfc".to_owned();
    name.map_or(Ok(Normalization::AsReceived), |name| {
        Normalization::from_name(&name).ok_or_else(unknown)
    })
}

/// Parses a format of hashes: `NAME`, or `NAME:OPTION=VALUE,…`. If columns are mixed up, the text may
/// be a hash or a password, so the message does not quote it.
///
/// # Errors
/// The reason.
pub fn parse_format(text: &str) -> Result<ImportFormat, String> {
    text.parse().map_err(|error| match error {
        DeclarationError::UnknownFormat { .. } => {
            "hash_format is not the name of a format; `repass account import --help` lists them"
                .to_owned()
        }
        DeclarationError::UnknownOption { .. } | DeclarationError::Repeated(_) => {
            "hash_format has an option that is unknown or repeated".to_owned()
        }
        error => format!("hash_format: {error}"),
    })
}

fn time(fields: &mut Fields, column: Column) -> Result<Option<Timestamp>, String> {
    // jiff's own message quotes the text, which may be a hash.
    let time = fields.text(column)?.map(|text| text.parse()).transpose();
    time.map_err(|_| {
        format!(
            "{} is not a time with its offset, such as 2024-02-29T12:00:00Z or \
             2024-02-29 13:00:00+01",
            column.name()
        )
    })
}
