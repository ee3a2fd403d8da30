use repass_core::Account;

use super::{add, label};
use crate::cli::{AccountDetails, ClearedValue, EditAccount};
use crate::database::{Migration, with_database};
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::Settings;

pub(super) async fn run(
    edit: EditAccount,
    settings: &Settings,
    output: &Output,
) -> Result<(), Failure> {
    let EditAccount { account: name, details, clear } = edit;
    let profile = details.profile.as_deref().map(add::profile_of).transpose()?;
    let AccountDetails { email, username, given_name, middle_name, family_name, .. } = &details;
    let is_given = [username, given_name, middle_name, family_name].map(Option::is_some);
    if email.is_none() && profile.is_none() && clear.is_empty() && !is_given.contains(&true) {
        return Err(Failure::Usage("nothing to change; see --help for the options".to_owned()));
    }
    let change = |account: &mut Account| {
        if let Some(profile) = profile {
            account.profile = profile;
        }
        for value in clear {
            match value {
                ClearedValue::Email => account.email = None,
                ClearedValue::Username => account.username = None,
                ClearedValue::GivenName => account.profile.given_name = None,
                ClearedValue::MiddleName => account.profile.middle_name = None,
                ClearedValue::FamilyName => account.profile.family_name = None,
                ClearedValue::Attributes => account.profile.attributes.clear(),
            }
        }
        add::set_names(&mut account.profile, &details);
        account.email = details.email.or(account.email.take());
        account.username = details.username.or(account.username.take());
    };
    with_database(settings, Migration::Refuse, output, async |admin| {
        let administration = admin.administration();
        let account = administration.edit_account(&name.realm, name.user_id.as_str(), None, change);
        let account = account.await?;
        output.result(&account, &format!("{}: changed\n", label(&account)))
    })
    .await
}
