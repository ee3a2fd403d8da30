use jiff::Timestamp;
use repass_core::{Account, AttemptState, Email, Subject};
use serde::Serialize;

use crate::cli::{AccountName, DatabaseOptions};
use crate::database::{AdminContext, Migration, with_database};
use crate::failure::Failure;
use crate::output::Output;
use crate::table::{fields, moment, or_dash};

/// All that an operator can know of an account.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    account: Account,
    /// Null when no password was ever set.
    password: Option<PasswordState>,
    otp_enrolled: bool,
    /// Failed attempts in a row.
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
    database: &DatabaseOptions,
    output: &Output,
) -> Result<(), Failure> {
    with_database(database, Migration::Refuse, output, async |admin| {
        let shown = look_up(admin, &name).await?;
        output.answer(&shown, &shown.text())
    })
    .await
}

async fn look_up(admin: &AdminContext, name: &AccountName) -> Result<Shown, Failure> {
    let administration = admin.administration()?;
    let (account, attempts) =
        administration.show_account(&name.realm, name.user_id.as_str()).await?;
    let subject = Subject::new(name.realm.clone(), name.user_id.as_str());
    let credential = admin.store.find(&subject).await?.and_then(|found| found.credential);
    let otp = admin.store.otp(account.id).await?;
    let AttemptState { failures, password_locked_until, reset_locked_until, .. } = attempts;
    Ok(Shown {
        account,
        password: credential
            .map(|own| PasswordState { version: own.version, changed_at: own.changed_at }),
        otp_enrolled: otp.sealed_secret.is_some(),
        failures,
        password_locked_until,
        reset_locked_until,
    })
}

impl Shown {
    fn text(&self) -> String {
        let account = &self.account;
        let profile = &account.profile;
        let optional = |text: &Option<String>| or_dash(text.as_deref()).to_owned();
        let until = |moment_: Option<Timestamp>| moment_.map_or("-".to_owned(), moment);
        let yes_or_no = |yes| if yes { "yes" } else { "no" }.to_owned();
        let names = [&profile.given_name, &profile.middle_name, &profile.family_name];
        let names: Vec<&str> = names.into_iter().flatten().map(String::as_str).collect();
        let attributes = if profile.attributes.is_empty() {
            "-".to_owned()
        } else {
            serde_json::Value::Object(profile.attributes.clone()).to_string()
        };
        let password = match &self.password {
            None => "none; a reset token lets the user set one".to_owned(),
            Some(own) => format!("version {}, since {}", own.version, moment(own.changed_at)),
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
            ("failures in a row", self.failures.to_string()),
            ("password closed until", until(self.password_locked_until)),
            ("reset closed until", until(self.reset_locked_until)),
            ("added", moment(account.created_at)),
            ("changed", moment(account.updated_at)),
        ])
    }
}
