use jiff::Timestamp;
use repass_core::{Account, AttemptState, Email, Subject};
use serde::Serialize;

use crate::cli::AccountName;
use crate::database::{AdminContext, Migration, with_database};
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::Settings;
use crate::table::{fields, or_dash, time};

#[derive(Serialize)]
struct AccountDetails {
    #[serde(flatten)]
    account: Account,
    /// `None` if the account has no password yet.
    password: Option<PasswordState>,
    otp_enrolled: bool,
    /// Consecutive failed attempts.
    failures: u32,
    password_locked_until: Option<Timestamp>,
    reset_locked_until: Option<Timestamp>,
}

#[derive(Serialize)]
struct PasswordState {
    version: i64,
    changed_at: Timestamp,
}

pub(super) async fn run(
    name: AccountName,
    settings: &Settings,
    output: &Output,
) -> Result<(), Failure> {
    with_database(settings, Migration::Refuse, output, async |admin| {
        let details = details(admin, &name).await?;
        output.result(&details, &details.text())
    })
    .await
}

async fn details(admin: &AdminContext, name: &AccountName) -> Result<AccountDetails, Failure> {
    let administration = admin.administration();
    let (account, attempts) =
        administration.show_account(&name.realm, name.user_id.as_str()).await?;
    let subject = Subject::new(name.realm.clone(), name.user_id.as_str());
    let credential = admin.store.find(&subject).await?.and_then(|found| found.credential);
    let otp = admin.store.otp(account.id).await?;
    let AttemptState { failures, password_locked_until, reset_locked_until, .. } = attempts;
    Ok(AccountDetails {
        account,
        password: credential.map(|credential| PasswordState {
            version: credential.version,
            changed_at: credential.changed_at,
        }),
        otp_enrolled: otp.sealed_secret.is_some(),
        failures,
        password_locked_until,
        reset_locked_until,
    })
}

impl AccountDetails {
    fn text(&self) -> String {
        let account = &self.account;
        let profile = &account.profile;
        let optional = |text: &Option<String>| or_dash(text.as_deref()).to_owned();
        let optional_time = |at: Option<Timestamp>| at.map_or("-".to_owned(), time);
        let yes_or_no = |yes| if yes { "yes" } else { "no" }.to_owned();
        let names = [&profile.given_name, &profile.middle_name, &profile.family_name];
        let names: Vec<&str> = names.into_iter().flatten().map(String::as_str).collect();
        let attributes = if profile.attributes.is_empty() {
            "-".to_owned()
        } else {
            serde_json::Value::Object(profile.attributes.clone()).to_string()
        };
        let password = match &self.password {
            None => "none; set one with a reset token".to_owned(),
            Some(state) => format!("version {}, since {}", state.version, time(state.changed_at)),
        };
        fields(&[
            ("realm", account.realm.to_string()),
            ("user id", account.user_id.to_string()),
            ("id", account.id.to_string()),
            ("active", yes_or_no(account.active)),
            ("e-mail", or_dash(account.email.as_ref().map(Email::as_str)).to_owned()),
            ("user name", optional(&account.username)),
            ("name", if names.is_empty() { "-".to_owned() } else { names.join(" ") }),
            ("attributes", attributes),
            ("password", password),
            ("authenticator app", yes_or_no(self.otp_enrolled)),
            ("failed attempts", self.failures.to_string()),
            ("password locked until", optional_time(self.password_locked_until)),
            ("reset locked until", optional_time(self.reset_locked_until)),
            ("added", time(account.created_at)),
            ("changed", time(account.updated_at)),
        ])
    }
}
