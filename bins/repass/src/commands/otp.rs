//! `repass otp`

use jiff::Timestamp;
use repass_core::{Plaintext, Realm, UserId};
use serde::Serialize;

use crate::cli::{EnrollOtp, IssueReset, OtpCommand};
use crate::database::{Migration, with_database};
use crate::failure::Failure;
use crate::output::Output;
use crate::qr_code;
use crate::settings::Settings;

pub(super) async fn run(
    command: OtpCommand,
    settings: &Settings,
    output: &Output,
) -> Result<(), Failure> {
    match command {
        OtpCommand::Enroll(args) => enroll(args, settings, output).await,
        OtpCommand::Issue(args) => issue(args, settings, output).await,
    }
}

#[derive(Serialize)]
struct Enrolled<'a> {
    realm: &'a Realm,
    user_id: &'a UserId,
    /// Contains the secret.
    uri: &'a str,
}

async fn enroll(args: EnrollOtp, settings: &Settings, output: &Output) -> Result<(), Failure> {
    let (realm, user_id) = (&args.account.realm, &args.account.user_id);
    with_database(settings, Migration::Refuse, output, async |admin| {
        let administration = admin.administration();
        let secret = administration.enroll_otp(realm, user_id.as_str(), &args.issuer).await?;
        let uri = secret.uri().map_err(repass_core::AdministrationError::Otp)?;
        let enrolled = Enrolled { realm, user_id, uri: uri.expose() };
        output.secret(&enrolled, &uri).map_err(|source| Failure::SecretNotPrinted {
            issued: "an authenticator secret was set".to_owned(),
            remedy: "enroll the account again, which replaces it".to_owned(),
            source,
        })?;
        show_code(&uri, output)?;
        output.note(&format!(
            "authenticator secret of account {user_id} of realm {realm}; it is shown only once and \
             replaces any older one"
        ));
        Ok(())
    })
    .await
}

fn show_code(uri: &Plaintext, output: &Output) -> Result<(), Failure> {
    match qr_code::render(uri, output.is_terminal()) {
        Some(code) => output.text(&code),
        None => {
            output.note("the URI is too long for a QR code");
            Ok(())
        }
    }
}

#[derive(Serialize)]
struct Issued<'a> {
    realm: &'a Realm,
    user_id: &'a UserId,
    lifetime_seconds: u64,
    expires_at: Timestamp,
    /// The secret.
    code: &'a str,
}

async fn issue(args: IssueReset, settings: &Settings, output: &Output) -> Result<(), Failure> {
    let (realm, user_id) = (&args.account.realm, &args.account.user_id);
    with_database(settings, Migration::Refuse, output, async |admin| {
        let administration = admin.administration();
        let (code, expires_at) =
            administration.issue_otp_code(realm, user_id.as_str(), args.lifetime).await?;
        let lifetime_seconds = args.lifetime.as_secs();
        let issued = Issued { realm, user_id, lifetime_seconds, expires_at, code: code.expose() };
        output.secret(&issued, &code).map_err(|source| Failure::SecretNotPrinted {
            issued: "a one-time code was issued".to_owned(),
            remedy: "issue another one, which replaces it".to_owned(),
            source,
        })?;
        output.note(&format!(
            "one-time code for account {user_id} of realm {realm}, valid for {lifetime_seconds} s \
             and one use; it is shown only once"
        ));
        Ok(())
    })
    .await
}
