//! Converts rows to accounts.

use repass_account_file::{Column, Fields};
use repass_core::{
    HashedPassword, ImportedPassword, NewAccount, NewImport, Normalization, Peppers, Profile,
    Realm, UserId,
};
use repass_hash_families::{ExportedHash, ImportFormat, stored_text};

use crate::cli::hash_format;

/// The values for rows without their own.
pub(super) struct Defaults {
    pub(super) realm: Realm,
    pub(super) hash_format: ImportFormat,
    /// The known pepper keys. A server does not start if a stored hash needs an unknown key.
    pub(super) peppers: Peppers,
}

/// Returns the account of a row, or the reason for a refusal, which does not quote possible hashes.
pub(super) fn account(mut fields: Fields, defaults: &Defaults) -> Result<NewImport, String> {
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
    let text = stored_text(format.as_ref().unwrap_or(&defaults.hash_format), exported);
    let text = text.map_err(|error| error.to_string())?;
    let hash = HashedPassword::from_stored(text).with_normalization(normalization);
    if let Some(id) = hash.pepper()
        && !defaults.peppers.has(&id)
    {
        return Err(format!("the hash needs the pepper key {id}; give its file with --pepper-key"));
    }
    Ok(Some(ImportedPassword { hash, changed_at }))
}

fn normalization(fields: &mut Fields) -> Result<Normalization, String> {
    let name = fields.text(Column::HashNormalization)?;
    let unknown = || "hash_normalization must be none or nfc".to_owned();
    name.map_or(Ok(Normalization::AsReceived), |name| {
        Normalization::from_name(&name).ok_or_else(unknown)
    })
}

/// Parses the format of a row. If columns are mixed up, the text may be a hash, so a message quotes
/// it only if it looks like a format.
fn parse_format(text: &str) -> Result<ImportFormat, String> {
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    let (name, _) = text.split_once(':').unwrap_or((text, ""));
    if name.len() > 30 || !name.bytes().all(plain) {
        return Err("hash_format is not the name of a format".to_owned());
    }
    hash_format(text).map_err(|reason| format!("hash_format: {reason}"))
}

fn time(fields: &mut Fields, column: Column) -> Result<Option<jiff::Timestamp>, String> {
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
