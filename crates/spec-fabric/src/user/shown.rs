//! The record of an account.

use repass_core::Account;

use crate::{FabricUser, Moment, Name};

impl FabricUser {
    /// Returns the record of an account that was last changed at `updated_at`. `site_account` is
    /// used if the import had none.
    ///
    /// Imported members ([`import_profile`](crate::import_profile)) are shown as imported; user id,
    /// e-mail address and whether the user is active are those of the account.
    pub fn from_account(
        account: &Account,
        updated_at: Moment,
        site_account: Option<String>,
    ) -> Self {
        let imported = Self::read(&account.profile.attributes).0;
        let created_at = Some(Moment(account.created_at));
        Self {
            is_active: Some(account.active),
            registration_date: imported.registration_date.or(created_at),
            name: imported.name.or_else(|| Name::from_account(account)),
            email: account.email.as_ref().map(ToString::to_string).or(imported.email),
            account: imported.account.or(site_account),
            user_id: Some(account.user_id.as_str().to_owned()),
            created_at: imported.created_at.or(created_at),
            updated_at: Some(updated_at),
            ..imported
        }
    }
}

impl Name {
    fn from_account(account: &Account) -> Option<Self> {
        let profile = &account.profile;
        Self {
            first: profile.given_name.clone(),
            middle: profile.middle_name.clone(),
            last: profile.family_name.clone(),
        }
        .unless_empty()
    }
}

#[cfg(test)]
mod tests;
