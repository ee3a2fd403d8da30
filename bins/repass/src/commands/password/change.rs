use repass_core::{Authorization, Change, Changed, Context, Proof, Sessions, Subject};
use serde_json::json;

use crate::cli::ChangePassword;
use crate::commands::account::label;
use crate::commands::warn_if_insecure;
use crate::database::{Migration, with_database};
use crate::failure::Failure;
use crate::output::Output;
use crate::secret_input::{self, Prompt};
use crate::settings::Settings;

const CURRENT: &str = "the current password";
const NEW: &str = "the new password";

pub(super) async fn run(
    args: ChangePassword,
    settings: &Settings,
    output: &Output,
) -> Result<(), Failure> {
    let ChangePassword { account: name, policy, hash } = args;
    let hashing = settings.hasher(&hash)?;
    let policy = settings.policy(&policy, Some(&name.realm))?;
    let piped = secret_input::piped([CURRENT, NEW]).await?;
    with_database(settings, Migration::Refuse, output, async |admin| {
        let [current, new_password] = match piped {
            Some(both) => both,
            None => {
                let prompt = Prompt::begin()?;
                let current =
                    prompt.ask(&format!("Current password of {}", name.user_id), CURRENT)?;
                [current, prompt.ask_twice("New password", NEW)?]
            }
        };
        warn_if_insecure(hashing.profile, output);
        let engine = admin.engine(policy.policy, &hashing).await?;
        let change = Change::new(
            Authorization::by_proof(Subject::new(name.realm, name.user_id.as_str())),
            Proof::OldPassword(current),
            new_password,
        )
        .with_sessions(Sessions::EndAll)
        .with_context(Context::new("cli"));
        print(&engine.change(change).await?, output)
    })
    .await
}

fn print(changed: &Changed, output: &Output) -> Result<(), Failure> {
    let Changed { account, at, version } = changed;
    let json = json!({
        "realm": account.realm,
        "user_id": account.user_id,
        "version": version,
        "changed_at": at,
    });
    let done = "password changed; its access tokens and reset tokens are revoked";
    output.result(&json, &format!("{}: {done}\n", label(account)))
}
