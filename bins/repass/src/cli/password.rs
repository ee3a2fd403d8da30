use std::path::PathBuf;

use clap::{Args, Subcommand};
use repass_core::{Email, Realm, UserId};

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
    /// Verify an account's password without changing it.
    #[command(after_help = "\
The password is read from the prompt, or from the first line of stdin; with --otp, the one-time
password from the second line. The attempt counts toward the lockout and is audited as over the
network; a right password clears the failures. The exit status is 0 if the password is right and 1
otherwise.

Examples:
  repass password verify --user-id pat
  repass password verify --email pat@example.org --json < password.txt")]
    Verify(VerifyPassword),
}

#[derive(Args)]
#[command(group = clap::ArgGroup::new("name").required(true))]
pub(crate) struct VerifyPassword {
    /// The realm of the account.
    #[arg(long, value_name = "REALM", default_value = "default")]
    pub(crate) realm: Realm,
    /// The user id of the account.
    #[arg(long, value_name = "ID", group = "name")]
    pub(crate) user_id: Option<UserId>,
    /// The e-mail address of the account.
    #[arg(long, value_name = "ADDRESS", group = "name")]
    pub(crate) email: Option<Email>,
    /// The user name of the account.
    #[arg(long, value_name = "NAME", group = "name", value_parser = values::name)]
    pub(crate) username: Option<String>,
    /// Verify a one-time password, too.
    #[arg(long)]
    pub(crate) otp: bool,
    #[command(flatten)]
    pub(crate) hash: HashOption,
}

#[derive(Args)]
pub(crate) struct CheckPassword {
    #[command(flatten)]
    pub(crate) policy: PolicyOption,
    /// A corpus of `repass compromised build` to look the password up in, if the policy refuses
    /// passwords from breaches. Without it, the sources of the configuration file.
    #[arg(long, value_name = "CORPUS")]
    pub(crate) compromised: Option<PathBuf>,
    /// A user id that the password must not be based on.
    #[arg(long, value_name = "ID")]
    pub(crate) user_id: Option<UserId>,
    /// An e-mail address that the password must not be based on.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: Option<Email>,
    /// A user name that the password must not be based on.
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) username: Option<String>,
    /// A name that the password must not be based on; may be given several times.
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
