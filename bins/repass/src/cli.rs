//! The command line arguments.

mod account;
mod compromised;
mod database;
mod hash;
mod hashing;
mod outbox;
mod password;
mod policy;
pub(crate) mod usage;
mod values;

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use jiff::Timestamp;
use repass_core::{ADMIN_ROLE, KeyKind, Realm, Scope, UserId};
use repass_store::SqlName;

pub(crate) use account::{
    AccountCommand, AccountDetails, AddAccount, ClearedValue, DeleteAccount, EditAccount,
    ExportAccounts, FileFormat, ImportAccounts, ListAccounts,
};
pub(crate) use compromised::{BuildCorpus, CompromisedCommand, NamedCorpus};
pub(crate) use database::{AcceptKeys, BackupDatabase, DatabaseCommand};
pub(crate) use hash::{HashCommand, IdentifyHash, TuneHash};
pub(crate) use hashing::{HashOption, PepperKeysOption};
pub(crate) use outbox::{ListOutbox, NamedEvents, OutboxCommand};
pub(crate) use password::{ChangePassword, CheckPassword, PasswordCommand, VerifyPassword};
pub(crate) use policy::{PolicyCommand, ShowPolicy};
pub(crate) use values::{AccountCursor, NamedFile, NamedPolicy};

/// Manages the accounts, keys and tokens of repass.
///
/// Passwords are read from a prompt without echo, or from stdin if it is not a terminal; never from
/// an argument. Keys, tokens and codes are printed once, when they are issued; only their digests
/// are stored.
#[derive(Parser)]
#[command(
    name = "repass",
    version,
    after_help = "\
Examples:
  export REPASS_DATABASE=sqlite:///var/lib/repass/repass.db
  repass account add --user-id pat --email pat@example.org
  repass password check < candidate.txt
  repass token issue --user-id pat --role admin --lifetime 1h
  repass audit list --json

Exit status: 0 for success; 1 for a refusal or a run-time failure; 2 for an invalid argument,
environment variable or input, in which case nothing was done."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalOptions,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Args)]
pub(crate) struct GlobalOptions {
    /// Print one JSON value on stdout instead of text, and errors as one JSON line on stderr.
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) json: bool,
    /// The configuration file of repassd: its database, keys, hashing, lockout and policies are
    /// used, unless other options are given.
    #[arg(
        long,
        value_name = "FILE",
        env = "REPASS_CONFIG",
        global = true,
        help_heading = "Global options"
    )]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) database: DatabaseOptions,
}

#[derive(Args)]
pub(crate) struct DatabaseOptions {
    /// The database, such as sqlite:///var/lib/repass/repass.db. `account add`, `account import`,
    /// `key issue` and `database init` create a missing SQLite file; the other commands fail if it
    /// does not exist.
    #[arg(
        long = "database",
        value_name = "URL",
        env = "REPASS_DATABASE",
        // The URL may contain a password.
        hide_env_values = true,
        global = true,
        help_heading = "Global options"
    )]
    pub(crate) url: Option<String>,
    /// The file of the installation key, the same as for repassd [default: beside the SQLite file].
    #[arg(
        long,
        value_name = "FILE",
        env = "REPASS_KEY_FILE",
        global = true,
        help_heading = "Global options"
    )]
    pub(crate) key_file: Option<PathBuf>,
    /// The PostgreSQL schema with the tables of repass, the same as for repassd [default: repass].
    #[arg(
        long,
        value_name = "SCHEMA",
        env = "REPASS_SCHEMA",
        global = true,
        help_heading = "Global options"
    )]
    pub(crate) schema: Option<SqlName>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Manage accounts: add, edit, delete, show, list, deactivate, activate, unlock, import,
    /// export.
    #[command(subcommand)]
    Account(AccountCommand),
    /// Issue, list and revoke the keys of services, apps and gateways.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Issue, list and revoke access tokens.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Issue, list and revoke reset tokens.
    #[command(subcommand)]
    Reset(ResetCommand),
    /// Enroll accounts for one-time passwords, and issue one-time codes.
    #[command(subcommand)]
    Otp(OtpCommand),
    /// Check a password against a policy, or change an account's password.
    #[command(subcommand)]
    Password(PasswordCommand),
    /// Show a policy for passwords, with the source of each setting.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Build, show and verify a corpus of passwords from breaches.
    #[command(subcommand)]
    Compromised(CompromisedCommand),
    /// List audit records.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// List, retry and drop events of the outbox.
    #[command(subcommand)]
    Outbox(OutboxCommand),
    /// Create, migrate, check and back up the database.
    #[command(subcommand)]
    Database(DatabaseCommand),
    /// Choose the cost parameters of password hashes for this machine.
    #[command(subcommand)]
    Hash(HashCommand),
    /// Print a completion script for a shell.
    #[command(after_help = "\
Examples:
  repass completions bash > /etc/bash_completion.d/repass
  repass completions zsh > /usr/local/share/zsh/site-functions/_repass")]
    Completions {
        /// The shell.
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
    /// Write the man pages of all commands to a folder.
    #[command(after_help = "Example:\n  repass man /usr/local/share/man/man1")]
    Man {
        /// The folder, which must exist.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

impl Command {
    /// Whether the command handles Ctrl-C itself.
    pub(crate) fn handles_interrupts(&self) -> bool {
        matches!(self, Self::Account(AccountCommand::Import(_)))
    }
}

#[derive(Args)]
pub(crate) struct AccountName {
    /// The realm of the account.
    #[arg(long, value_name = "REALM", default_value = "default")]
    pub(crate) realm: Realm,
    /// The user id of the account in the vendor's API.
    #[arg(long, value_name = "ID")]
    pub(crate) user_id: UserId,
}

#[derive(Args)]
pub(crate) struct PolicyOption {
    #[arg(long = "policy", value_name = "POLICY", help = values::policy_help())]
    pub(crate) name: Option<String>,
}

#[derive(Subcommand)]
pub(crate) enum KeyCommand {
    /// Issue a key, and print it once.
    #[command(after_help = "\
Only the key is written to stdout; its description is written to stderr.

Examples:
  repass key issue --kind service --name chatbot
  repass key issue --realm shop --kind api --name gateway > gateway.key
  repass key issue --kind admin --scope accounts:read,passwords:verify --name shop > admin.key")]
    Issue(IssueKey),
    /// List all keys, including revoked ones, oldest first.
    #[command(after_help = "Example:\n  repass key list --realm shop")]
    List(ListKeys),
    /// Revoke a key immediately.
    #[command(after_help = "Example:\n  repass key revoke 0b0e4f3c-6a5f-4c43-9f0e-6b8d6a2f9f5e")]
    Revoke(Revoke),
}

#[derive(Args)]
pub(crate) struct IssueKey {
    /// The realm that the key gives access to.
    #[arg(long, value_name = "REALM", default_value = "default")]
    pub(crate) realm: Realm,
    /// The kind: bearer key of a service, key of an application, key of an API gateway, or key of a
    /// back end for the admin API.
    #[arg(
        long,
        value_name = "KIND",
        value_parser = PossibleValuesParser::new(KeyKind::ALL.map(KeyKind::as_str))
            .try_map(|kind| kind.parse::<KeyKind>())
    )]
    pub(crate) kind: KeyKind,
    /// What a key of kind admin allows; several separated by commas.
    #[arg(
        long = "scope",
        value_name = "SCOPE",
        value_delimiter = ',',
        value_parser = PossibleValuesParser::new(Scope::ALL.map(Scope::as_str))
            .try_map(|scope| scope.parse::<Scope>())
    )]
    pub(crate) scopes: Vec<Scope>,
    /// Issue a key of kind admin for all realms; --realm is where its audit records are.
    #[arg(long)]
    pub(crate) all_realms: bool,
    /// The name in `key list`, 1 to 100 characters.
    #[arg(long, value_name = "NAME", value_parser = values::key_name)]
    pub(crate) name: String,
}

#[derive(Args)]
pub(crate) struct ListKeys {
    /// Only keys of this realm [default: all realms].
    #[arg(long, value_name = "REALM")]
    pub(crate) realm: Option<Realm>,
}

#[derive(Args)]
pub(crate) struct Revoke {
    /// The id that was printed with the secret; never the secret itself.
    // Not a `Uuid`, since clap would print a secret given by mistake.
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}

#[derive(Subcommand)]
pub(crate) enum TokenCommand {
    /// Issue an access token for an account, and print it once.
    #[command(after_help = "\
Only the token is written to stdout; its description is written to stderr. The bearer acts for the
account, and with --role admin for every account of the realm.

Examples:
  repass token issue --user-id pat --lifetime 15m
  repass token issue --realm shop --user-id root --role admin --lifetime 1h > admin.token")]
    Issue(IssueToken),
    /// List the access tokens of an account, the latest issued first.
    #[command(after_help = "Example:\n  repass token list --user-id pat")]
    List(ListTokens),
    /// Revoke an access token immediately.
    #[command(after_help = "Example:\n  repass token revoke 0b0e4f3c-6a5f-4c43-9f0e-6b8d6a2f9f5e")]
    Revoke(Revoke),
}

#[derive(Args)]
pub(crate) struct ListTokens {
    #[command(flatten)]
    pub(crate) account: AccountName,
    /// Maximum number of tokens, 1 to 10000.
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = values::limit())]
    pub(crate) limit: u32,
}

#[derive(Args)]
pub(crate) struct IssueToken {
    #[command(flatten)]
    pub(crate) account: AccountName,
    /// An additional role of the bearer.
    #[arg(
        long = "role",
        value_name = "ROLE",
        value_parser = PossibleValuesParser::new([ADMIN_ROLE])
    )]
    pub(crate) roles: Vec<String>,
    /// The lifetime, such as 90s, 15m, 1h 30m or 7d; at most 3650d.
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "1h",
        value_parser = values::token_lifetime
    )]
    pub(crate) lifetime: Duration,
}

#[derive(Subcommand)]
pub(crate) enum ResetCommand {
    /// Issue a reset token for an account, and print it once. Revokes all older ones.
    #[command(after_help = "\
Only the token is written to stdout; its description is written to stderr.

Example:
  repass reset issue --user-id pat --lifetime 5m")]
    Issue(IssueReset),
    /// List the reset tokens of an account, the latest issued first.
    #[command(after_help = "Example:\n  repass reset list --user-id pat")]
    List(ListTokens),
    /// Revoke the reset tokens of an account immediately.
    #[command(after_help = "Example:\n  repass reset revoke --user-id pat")]
    Revoke(AccountName),
}

#[derive(Args)]
pub(crate) struct IssueReset {
    #[command(flatten)]
    pub(crate) account: AccountName,
    /// The lifetime, such as 90s or 5m; at most 10m.
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "10m",
        value_parser = values::reset_lifetime
    )]
    pub(crate) lifetime: Duration,
}

#[derive(Subcommand)]
pub(crate) enum OtpCommand {
    /// Set a new authenticator secret for an account, and print it once, as otpauth URI and QR
    /// code. Replaces an older secret.
    #[command(
        visible_alias = "enrol",
        after_help = "\
The URI is the first line on stdout, followed by the QR code. With --json only the URI is printed.

Example:
  repass otp enroll --user-id pat --issuer 'Example Shop'"
    )]
    Enroll(EnrollOtp),
    /// Issue a one-time code of eight digits for an account, and print it once.
    #[command(after_help = "Example:\n  repass otp issue --user-id pat --lifetime 5m")]
    Issue(IssueReset),
}

#[derive(Args)]
pub(crate) struct EnrollOtp {
    #[command(flatten)]
    pub(crate) account: AccountName,
    /// The issuer shown by the authenticator app; 1 to 64 characters without a colon.
    #[arg(long, value_name = "NAME", default_value = "repass", value_parser = values::issuer)]
    pub(crate) issuer: String,
}

#[derive(Subcommand)]
pub(crate) enum AuditCommand {
    /// List audit records, newest first.
    #[command(after_help = "\
Examples:
  repass audit list --limit 20
  repass audit list --realm shop --user-id pat --json
  repass audit list --all --since 2026-01-01 --json > audit.jsonl
  repass audit list --follow
  repass audit list --outcome wrong-password --since 2026-11-01 --until 2026-12-01")]
    List(Box<ListAudit>),
}

#[derive(Args)]
pub(crate) struct ListAudit {
    /// Only records of this realm [default: all realms; with --user-id: default].
    #[arg(long, value_name = "REALM")]
    pub(crate) realm: Option<Realm>,
    /// Only records of this account.
    #[arg(long, value_name = "ID")]
    pub(crate) user_id: Option<UserId>,
    /// Only records of this action, such as password.change.
    #[arg(long, value_name = "ACTION")]
    pub(crate) action: Option<String>,
    /// Only records with this outcome, such as ok or wrong-password.
    #[arg(long, value_name = "OUTCOME")]
    pub(crate) outcome: Option<String>,
    /// Only records from this time on, such as 2026-11-27 (at 00:00 UTC) or
    /// 2026-11-27T12:30:00+01:00.
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    pub(crate) since: Option<Timestamp>,
    /// Only records before this time.
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    pub(crate) until: Option<Timestamp>,
    /// Maximum number of records, 1 to 10000.
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = values::limit())]
    pub(crate) limit: u32,
    /// All matching records, however many: one in each line, tab-separated, or as JSON with --json.
    #[arg(long, conflicts_with_all = ["limit", "follow"])]
    pub(crate) all: bool,
    /// Print the records oldest first and new ones when they are written, until Ctrl-C. One record
    /// in each line, as with --all.
    #[arg(long, conflicts_with = "until")]
    pub(crate) follow: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn clap_accepts_the_definitions() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_does_not_show_the_database_url_from_the_environment() {
        let hidden = Cli::command();
        let argument = hidden.get_arguments().find(|argument| argument.get_id() == "url").unwrap();
        assert!(argument.is_hide_env_values_set());
    }
}
