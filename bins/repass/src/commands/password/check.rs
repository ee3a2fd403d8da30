use std::process::ExitCode;
use std::sync::Arc;

use repass_core::{CompromisedPasswords, ContextWords, Email, UserId, Violation};
use serde_json::json;

use crate::cli::{CheckPassword, NamedPolicy};
use crate::failure::Failure;
use crate::output::{Output, violation_lines, violation_values};
use crate::secret_input::{self, Prompt};
use crate::settings::Settings;

const PASSWORD: &str = "the password";

pub(super) async fn run(
    check: CheckPassword,
    settings: &Settings,
    output: &Output,
) -> Result<ExitCode, Failure> {
    let NamedPolicy { name, policy, .. } = settings.policy(&check.policy, None)?;
    let password = match secret_input::piped([PASSWORD]).await? {
        Some([password]) => password,
        None => Prompt::begin()?.ask("Password to check", PASSWORD)?,
    };
    // The policy checks each word of a name separately, so names can be joined.
    let names = check.names.join(" ");
    let words = ContextWords {
        user_id: check.user_id.as_ref().map(UserId::as_str),
        username: check.username.as_deref(),
        email: check.email.as_ref().map(Email::as_str),
        names: [Some(&names), None, None],
    };
    let source = settings.compromised(check.compromised.as_deref())?;
    let source = source.as_deref().map(|source| source as &dyn CompromisedPasswords);
    let violations = policy.evaluate_with(&Arc::new(password), words, source).await?;
    print(&name, &violations, output)?;
    Ok(if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(policy: &str, violations: &[Violation], output: &Output) -> Result<(), Failure> {
    let acceptable = violations.is_empty();
    let json = json!({
        "policy": policy,
        "acceptable": acceptable,
        "violations": violation_values(violations),
    });
    let text = if acceptable {
        format!("accepted by the policy {policy}\n")
    } else {
        format!("refused by the policy {policy}:\n{}", violation_lines(violations))
    };
    output.result(&json, &text)
}
