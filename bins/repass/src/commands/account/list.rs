use repass_core::{Account, AccountFilter, Email};

use crate::cli::ListAccounts;
use crate::database::{Migration, with_database};
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::Settings;
use crate::table::{Table, or_dash, time};

pub(super) async fn run(
    list: ListAccounts,
    settings: &Settings,
    output: &Output,
) -> Result<(), Failure> {
    let ListAccounts { realm, limit, after } = list;
    let after = after.map(|cursor| cursor.in_realm(realm.as_ref())).transpose();
    let after = after.map_err(Failure::Usage)?;
    let in_one_realm = realm.is_some();
    let filter = AccountFilter { realm, after, limit, ..AccountFilter::default() };
    with_database(settings, Migration::Refuse, output, async |admin| {
        let found = admin.store.accounts(&filter).await?.into_iter();
        let accounts: Vec<Account> = found.map(|found| found.account).collect();
        output.result(&accounts, &table(&accounts))?;
        match accounts.last() {
            None => output.note("no accounts"),
            Some(last) if accounts.len() == limit as usize => {
                output.note(&format!("continue with --after {}", cursor(last, in_one_realm)));
            }
            Some(_) => {}
        }
        Ok(())
    })
    .await
}

fn cursor(account: &Account, in_one_realm: bool) -> String {
    let user_id = &account.user_id;
    if in_one_realm { user_id.to_string() } else { format!("{}/{user_id}", account.realm) }
}

fn table(accounts: &[Account]) -> String {
    let mut table = Table::new(&["REALM", "USER ID", "ACTIVE", "E-MAIL", "USER NAME", "CHANGED"]);
    for account in accounts {
        table.row([
            account.realm.as_str(),
            account.user_id.as_str(),
            if account.active { "yes" } else { "no" },
            or_dash(account.email.as_ref().map(Email::as_str)),
            or_dash(account.username.as_deref()),
            &time(account.updated_at),
        ]);
    }
    table.render()
}
