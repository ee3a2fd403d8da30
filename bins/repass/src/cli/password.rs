use clap::{Args, Subcommand};
use repass_core::{Email, UserId};

use super::{AccountName, HashOption, PolicyOption, values};

#[derive(Subcommand)]
pub(crate) enum PasswordCommand {
    /// Check a password against a policy, and list all violations. Needs no database.
    #[command(after_help = "\
The password is read from the prompt, or from the only line of stdin. The exit status is 0 if the
policy accepts it and 1 otherwise. The password history of an account is not checked; `password
change` does that.

Examples:
  repass password check
  repass password check --policy vendor-zap --json < candidate.txt
  repass password check --email pat@example.org --name Pat --name Smith < candidate.txt")]
    Check(CheckPassword),
    /// Change an account's password, given the current one.
    #[command(after_help = "\
The current password is read once from the prompt, and the new one twice. On stdin, the first line is
the current password and the second the new one. The attempt counts toward the lockout and is audited
as over the network. The account's access tokens and reset tokens are revoked.

Example:
  repass password change --user-id pat")]
    Change(ChangePassword),
}

#[derive(Args)]
pub(crate) struct CheckPassword {
    #[command(flatten)]
    pub(crate) policy: PolicyOption,
    /// A user id that the password should not contain.
    #[arg(long, value_name = "ID")]
    pub(crate) user_id: Option<UserId>,
    /// An e-mail address that the password should not contain a part of.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: Option<Email>,
    /// A user name that the password should not contain.
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) username: Option<String>,
    /// A name that the password should not contain; may be given several times.
    #[arg(long = "name", value_name = "NAME", value_parser = values::name)]
    pub(crate) names: Vec<String>,
}

#[derive(Args)]
pub(crate) struct ChangePassword {
    #[command(flatten)]
    pub(crate) account: AccountName,
    #[command(flatten)]
    pub(crate) policy: PolicyOption,
    #[command(flatten)]
    pub(crate) hash: HashOption,
}
