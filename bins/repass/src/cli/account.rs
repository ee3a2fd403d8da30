use std::path::PathBuf;

use clap::{Args, Subcommand};
use repass_core::Realm;

use super::{AccountName, HashOption, PolicyOption, Position, values};

#[derive(Subcommand)]
pub(crate) enum AccountCommand {
    /// Add an active account.
    #[command(after_help = "\
Without --no-password the first password is asked for twice at the prompt, or is the one line on
stdin.

Examples:
  repass account add --user-id pat --email pat@example.org
  repass account add --realm shop --user-id 7 --profile seven.json < first-password.txt
  repass account add --user-id kim --no-password && repass reset issue --user-id kim")]
    Add(Box<AddAccount>),
    /// Show an account, how it stands with failed attempts, and whether it has a password.
    #[command(after_help = "Example:\n  repass account show --user-id pat")]
    Show(AccountName),
    /// List accounts, by realm and user id.
    #[command(after_help = "\
Examples:
  repass account list --realm shop --limit 20
  repass account list --realm shop --after pat
  repass account list --after shop/pat")]
    List(ListAccounts),
    /// Let an account be used no longer. Ends its access tokens and reset tokens.
    #[command(after_help = "Example:\n  repass account deactivate --user-id pat")]
    Deactivate(AccountName),
    /// Let an account be used again.
    #[command(after_help = "Example:\n  repass account activate --user-id pat")]
    Activate(AccountName),
    /// Forget an account's failed attempts, so that it is open again.
    #[command(after_help = "Example:\n  repass account unlock --user-id pat")]
    Unlock(AccountName),
}

#[derive(Args)]
pub(crate) struct AddAccount {
    #[command(flatten)]
    pub(crate) account: AccountName,
    /// E-mail address.
    #[arg(long, value_name = "ADDRESS", value_parser = values::email)]
    pub(crate) email: Option<String>,
    /// Name the user signs in with, where it differs from the user id.
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) username: Option<String>,
    /// Given (first) name.
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) given_name: Option<String>,
    /// Middle name.
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) middle_name: Option<String>,
    /// Family (last) name.
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) family_name: Option<String>,
    /// A file with the user's record as fabric shows or exports it, a JSON object. What fabric's API
    /// shows of it is kept, and the name, unless an option says another.
    #[arg(long, value_name = "FILE")]
    pub(crate) profile: Option<PathBuf>,
    /// Add the account without a password, so that only a reset can set the first.
    #[arg(long)]
    pub(crate) no_password: bool,
    #[command(flatten)]
    pub(crate) policy: PolicyOption,
    #[command(flatten)]
    pub(crate) hash: HashOption,
}

#[derive(Args)]
pub(crate) struct ListAccounts {
    /// Only accounts of this realm [default: all realms].
    #[arg(long, value_name = "REALM")]
    pub(crate) realm: Option<Realm>,
    /// Most accounts to list, 1 to 10000.
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = values::limit())]
    pub(crate) limit: u32,
    /// Only accounts after this one: a user id with --realm, else REALM/ID.
    #[arg(long, value_name = "ID")]
    pub(crate) after: Option<Position>,
}
