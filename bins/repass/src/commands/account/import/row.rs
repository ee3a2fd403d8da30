//! From what a row says to an account.

use repass_account_file::{Column, Fields};
use repass_core::{
    HashedPassword, ImportedPassword, NewAccount, NewImport, Normalization, Peppers, Profile, Realm,
};
use repass_hash_families::{ExportedHash, ImportFormat, imported};

use crate::cli::hash_format;

/// What counts for rows that do not say it.
pub(super) struct Defaults {
    pub(super) realm: Realm,
    pub(super) hash_format: ImportFormat,
    /// The keys that hashes may name. A server does not start on one that it has no key for.
    pub(super) peppers: Peppers,
}

/// The account of a row, or why there is none. No reason quotes what may be a hash.
pub(super) fn account(mut fields: Fields, defaults: &Defaults) -> Result<NewImport, String> {
    let user_id = fields.parsed(Column::UserId)?.ok_or("no user_id")?;
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
        created_at: moment(&mut fields, Column::CreatedAt)?,
        updated_at: moment(&mut fields, Column::UpdatedAt)?,
        password,
    })
}

fn password(fields: &mut Fields, defaults: &Defaults) -> Result<Option<ImportedPassword>, String> {
    let changed_at = moment(fields, Column::PasswordChangedAt)?;
    let salt = fields.text(Column::HashSalt)?;
    let own_format = fields.text(Column::HashFormat)?;
    let normalization = normalization(fields)?;
    let Some(hash) = fields.text(Column::PasswordHash)? else {
        // A format or a normalization may stand in every row. A salt is of use only with its hash.
        return if salt.is_some() {
            Err("a hash_salt without a hash".to_owned())
        } else {
            Ok(None)
        };
    };
    let own_format = own_format.as_deref().map(declared).transpose()?;
    let exported = ExportedHash { hash: &hash, salt: salt.as_deref() };
    let text = imported(own_format.as_ref().unwrap_or(&defaults.hash_format), exported);
    let text = text.map_err(|error| error.to_string())?;
    let hash = HashedPassword::from_stored(text).with_normalization(normalization);
    if let Some(id) = hash.pepper()
        && !defaults.peppers.has(&id)
    {
        return Err(format!("the hash takes the pepper key {id}; name its file with --pepper-key"));
    }
    Ok(Some(ImportedPassword { hash, changed_at }))
}

/// What was done to the password before; nothing, unless the row says so.
fn normalization(fields: &mut Fields) -> Result<Normalization, String> {
    let named = fields.text(Column::HashNormalization)?;
    let unknown = || "hash_normalization is neither none nor nfc".to_owned();
    named.map_or(Ok(Normalization::AsReceived), |name| {
        Normalization::from_name(&name).ok_or_else(unknown)
    })
}

/// What a row says of its hash. Only what looks like a format is repeated, for where columns are
/// mixed up it may be the hash.
fn declared(text: &str) -> Result<ImportFormat, String> {
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    let (name, _) = text.split_once(':').unwrap_or((text, ""));
    if name.len() > 30 || !name.bytes().all(plain) {
        return Err("hash_format is no name of a format".to_owned());
    }
    hash_format(text).map_err(|reason| format!("hash_format: {reason}"))
}

fn moment(fields: &mut Fields, column: Column) -> Result<Option<jiff::Timestamp>, String> {
    // What jiff says of a text that it cannot read quotes it.
    let moment = fields.text(column)?.map(|text| text.parse()).transpose();
    moment.map_err(|_| format!("{} is no moment such as 2024-02-29T12:00:00Z", column.name()))
}
