use clap::{Args, Subcommand};
use repass_core::{Email, UserId};

use super::{AccountName, HashOption, PolicyOption, values};

#[derive(Subcommand)]
pub(crate) enum PasswordCommand {
    /// Judge a password by a policy, and list every rule that it breaks. Needs no database.
    #[command(after_help = "\
The password is asked for at the prompt, or is the one line on stdin. Exit status 0 when it is
acceptable, 1 when it is not. Whether it is an account's current or an earlier password is not
judged: that takes the account's hashes, and `password change` does it.

Examples:
  repass password check
  repass password check --policy vendor-zap --json < candidate.txt
  repass password check --email pat@example.org --name Pat --name Smith < candidate.txt")]
    Check(CheckPassword),
    /// Change an account's password, given the current one.
    #[command(after_help = "\
At the prompt the current password is asked for once and the new one twice; on stdin the current
one is the first line and the new one the second. The try counts and is recorded as one over the
network would be. The account's access tokens and reset tokens end.

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
