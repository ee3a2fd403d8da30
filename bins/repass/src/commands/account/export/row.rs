//! Converts accounts to rows for `account import`.

use repass_account_file::{Column, Fields};
use repass_core::{Account, AccountWithCredential, Credential};

/// The exported columns; the last three are those of the password. A stored hash includes its salt
/// and format.
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
    Column::HashNormalization,
];

pub(super) fn columns(with_hashes: bool) -> &'static [Column] {
    if with_hashes { &COLUMNS } else { &COLUMNS[..COLUMNS.len() - 3] }
}

pub(super) fn fields(
    AccountWithCredential { account, credential, .. }: &AccountWithCredential,
) -> Fields {
    let Account { user_id, realm, email, username, profile, active, .. } = account;
    let mut fields = Fields::default();
    fields.set(Column::UserId, user_id.as_str());
    fields.set(Column::Realm, realm.as_str());
    fields.set(Column::Email, email.clone().map(String::from));
    fields.set(Column::Username, username.clone());
    fields.set(Column::Active, *active);
    fields.set(Column::GivenName, profile.given_name.clone());
    fields.set(Column::MiddleName, profile.middle_name.clone());
    fields.set(Column::FamilyName, profile.family_name.clone());
    if !profile.attributes.is_empty() {
        fields.set(Column::Attributes, profile.attributes.clone());
    }
    fields.set(Column::CreatedAt, account.created_at.to_string());
    fields.set(Column::UpdatedAt, account.updated_at.to_string());
    if let Some(Credential { hash, changed_at, .. }) = credential {
        fields.set(Column::PasswordChangedAt, changed_at.to_string());
        fields.set(Column::PasswordHash, hash.as_str());
        fields.set(Column::HashNormalization, hash.normalization().as_str());
    }
    fields
}
