use std::process::ExitCode;

use jiff::Timestamp;
use repass_core::{Account, AccountId, Knowledge, Profile, Realm, UserId, Violation};
use serde_json::json;
use uuid::Uuid;

use crate::cli::{CheckPassword, NamedPolicy};
use crate::failure::Failure;
use crate::output::{Output, violation_lines, violation_values};
use crate::secret_input::{self, Prompt};

const PASSWORD: &str = "the password";

pub(super) async fn run(check: CheckPassword, output: &Output) -> Result<ExitCode, Failure> {
    let account = imagined(&check)?;
    let password = match secret_input::piped([PASSWORD]).await? {
        Some([password]) => password,
        None => Prompt::begin()?.ask("Password to check", PASSWORD)?,
    };
    let NamedPolicy { name, policy } = check.policy.policy;
    let knowledge = Knowledge { account: Some(&account), ..Knowledge::default() };
    let violations = policy.judge(&password, &knowledge);
    drop(password);
    tell(&name, &violations, output)?;
    Ok(if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell(policy: &str, violations: &[Violation], output: &Output) -> Result<(), Failure> {
    let acceptable = violations.is_empty();
    let json = json!({
        "policy": policy,
        "acceptable": acceptable,
        "violations": violation_values(violations),
    });
    let text = if acceptable {
        format!("acceptable to the policy {policy}\n")
    } else {
        format!("refused by the policy {policy}:\n{}", violation_lines(violations))
    };
    output.answer(&json, &text)
}

/// An account of no store that has the words of the command line.
fn imagined(check: &CheckPassword) -> Result<Account, Failure> {
    // Too short to be looked for in a password.
    let nobody = || "-".parse::<UserId>();
    let user_id = check.user_id.clone().map_or_else(nobody, Ok);
    let realm = "default".parse::<Realm>();
    let (Ok(realm), Ok(user_id)) = (realm, user_id) else {
        return Err(Failure::Usage("--user-id cannot be one".to_owned()));
    };
    // The policy looks for each word of a name by itself, so that several can stand in one.
    let names = (!check.names.is_empty()).then(|| check.names.join(" "));
    Ok(Account {
        id: AccountId(Uuid::nil()),
        realm,
        user_id,
        email: check.email.clone(),
        username: check.username.clone(),
        profile: Profile { given_name: names, ..Profile::default() },
        active: true,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
    })
}
