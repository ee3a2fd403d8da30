use repass_core::{Context, Plaintext, Policy, SignIn, SignInName, SignedIn};
use serde_json::json;

use crate::cli::VerifyPassword;
use crate::commands::account::label;
use crate::database::{Migration, operator, with_database};
use crate::failure::Failure;
use crate::output::Output;
use crate::secret_input::{self, Prompt};
use crate::settings::Settings;

const PASSWORD: &str = "the password";
const OTP: &str = "the one-time password";

pub(super) async fn run(
    args: VerifyPassword,
    settings: &Settings,
    output: &Output,
) -> Result<(), Failure> {
    let VerifyPassword { realm, user_id, email, username, otp, hash } = args;
    let hashing = settings.hasher(&hash)?;
    let name = match (user_id, email, username) {
        (Some(user_id), ..) => SignInName::UserId(user_id.into()),
        (None, Some(email), _) => SignInName::Email(email.into()),
        (None, None, name) => SignInName::Username(name.unwrap_or_default()),
    };
    let piped = if otp {
        secret_input::piped([PASSWORD, OTP]).await?.map(|[password, otp]| (password, Some(otp)))
    } else {
        secret_input::piped([PASSWORD]).await?.map(|[password]| (password, None))
    };
    with_database(settings, Migration::Refuse, output, async |admin| {
        let (password, otp): (Plaintext, Option<Plaintext>) = match piped {
            Some(both) => both,
            None => {
                let prompt = Prompt::begin()?;
                let password = prompt.ask("Password", PASSWORD)?;
                let otp = if otp { Some(prompt.ask("One-time password", OTP)?) } else { None };
                (password, otp)
            }
        };
        let engine = admin.engine(Policy::default(), &hashing).await?;
        let caller = format!("operator:{}", operator());
        let sign_in = SignIn::new(realm, name, password)
            .with_otp(otp)
            .acting_for(caller, Context::new("cli"));
        print(&engine.sign_in(sign_in).await?, output)
    })
    .await
}

fn print(signed_in: &SignedIn, output: &Output) -> Result<(), Failure> {
    let SignedIn { account, changed_at, otp_enrolled, otp_verified, .. } = signed_in;
    let json = json!({
        "verified": true,
        "realm": account.realm,
        "user_id": account.user_id,
        "changed_at": changed_at,
        "otp_enrolled": otp_enrolled,
        "otp_verified": otp_verified,
    });
    output.result(&json, &format!("{}: the password is right\n", label(account)))
}
