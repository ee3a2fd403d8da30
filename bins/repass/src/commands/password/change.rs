use repass_core::{Authorization, Change, Changed, Context, Proof, Sessions, Subject};
use serde_json::json;

use crate::cli::{ChangePassword, DatabaseOptions, PolicyOption};
use crate::commands::account::titled;
use crate::commands::warn_of_insecure;
use crate::database::{Migration, with_database};
use crate::failure::Failure;
use crate::hashing;
use crate::output::Output;
use crate::secret_input::{self, Prompt};

const CURRENT: &str = "the current password";
const NEW: &str = "the new password";

pub(super) async fn run(
    wanted: ChangePassword,
    database: &DatabaseOptions,
    output: &Output,
) -> Result<(), Failure> {
    let ChangePassword { account: name, policy: PolicyOption { policy }, hash } = wanted;
    let hashing = hashing::options(&hash)?;
    let piped = secret_input::piped([CURRENT, NEW]).await?;
    with_database(database, Migration::Refuse, output, async |admin| {
        let [current, new_password] = match piped {
            Some(both) => both,
            None => {
                let prompt = Prompt::begin()?;
                let current =
                    prompt.ask(&format!("Current password of {}", name.user_id), CURRENT)?;
                [current, prompt.ask_twice("New password", NEW)?]
            }
        };
        warn_of_insecure(hashing.profile, output);
        let engine = admin.engine(policy.policy, &hashing).await?;
        let change = Change::new(
            Authorization::by_proof(Subject::new(name.realm, name.user_id.as_str())),
            Proof::OldPassword(current),
            new_password,
        )
        .with_sessions(Sessions::EndAll)
        .with_context(Context::new("cli"));
        tell(&engine.change(change).await?, output)
    })
    .await
}

fn tell(changed: &Changed, output: &Output) -> Result<(), Failure> {
    let Changed { account, at, version } = changed;
    let json = json!({
        "realm": account.realm,
        "user_id": account.user_id,
        "version": version,
        "changed_at": at,
    });
    let told = "password changed; its access tokens and reset tokens count no more";
    output.answer(&json, &format!("{}: {told}\n", titled(account)))
}
