use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use repass_account_file::Format;
use repass_core::{Email, Realm};
use repass_hash_families::ImportFormat;

use super::{AccountCursor, AccountName, HashOption, PepperKeysOption, PolicyOption, values};

#[derive(Subcommand)]
pub(crate) enum AccountCommand {
    /// Add an active account.
    #[command(after_help = "\
Unless --no-password is given, the first password is read twice from the prompt, or from the only
line of stdin.

Examples:
  repass account add --user-id pat --email pat@example.org
  repass account add --realm shop --user-id 7 --profile seven.json < first-password.txt
  repass account add --user-id kim --no-password && repass reset issue --user-id kim")]
    Add(Box<AddAccount>),
    /// Edit an account: e-mail address, names, attributes.
    #[command(after_help = "\
Only the given values change. An account of an application's table is edited in that application.

Examples:
  repass account edit --user-id pat --email pat@example.com
  repass account edit --user-id pat --clear username --clear middle-name")]
    Edit(Box<EditAccount>),
    /// Delete an account with its passwords, tokens and events. Its audit records stay.
    #[command(after_help = "\
Deleted are the account with its attributes, the password and earlier ones, failed attempts, access
tokens, reset tokens, the authenticator secret, and events, delivered or not. To only end the access,
deactivate the account.

Examples:
  repass account delete --user-id pat
  repass account delete --user-id pat --yes")]
    Delete(DeleteAccount),
    /// Show an account, its failed attempts, and whether it has a password.
    #[command(after_help = "Example:\n  repass account show --user-id pat")]
    Show(AccountName),
    /// List accounts, by realm and user id.
    #[command(after_help = "\
Examples:
  repass account list --realm shop --limit 20
  repass account list --realm shop --after pat
  repass account list --after shop/pat")]
    List(ListAccounts),
    /// Deactivate an account. Revokes its access tokens and reset tokens.
    #[command(after_help = "Example:\n  repass account deactivate --user-id pat")]
    Deactivate(AccountName),
    /// Activate a deactivated account.
    #[command(after_help = "Example:\n  repass account activate --user-id pat")]
    Activate(AccountName),
    /// Clear the failed attempts of an account, which ends a lockout.
    #[command(after_help = "Example:\n  repass account unlock --user-id pat")]
    Unlock(AccountName),
    /// Import accounts of another system with their password hashes.
    #[command(after_help = "\
A CSV file is UTF-8 with the column names in its first line, in any case, separated by commas,
semicolons or tabs. An empty cell or \\N is a missing value. A cell with a separator, such as an Argon2
hash, must be quoted. In JSON Lines, each line is an object with the same names. A row has at most 256
KiB.

  user_id              user id of the account in the vendor's API; required
  realm                realm of the account; default: --realm
  email, username      e-mail address; sign-in name, if it differs from the user id
  active               true or false (CSV also: t, yes, y, 1, f, no, n, 0); default: true
  given_name, middle_name, family_name
  attributes           further user attributes of a vendor's API, a JSON object
  created_at, updated_at, password_changed_at
                       RFC 3339 with an offset, such as 2024-02-29T12:00:00Z; not in the future.
                       policy.max_age counts from password_changed_at; without it, from updated_at,
                       or else from created_at, or else from the import. 1970-01-01T00:00:00Z says
                       that it is unknown: the password does not expire
  password_hash        stored hash; without one, a reset sets the first password
  hash_salt            salt, if it is not part of the hash
  hash_format          format of the hash; default: --hash-format
  hash_normalization   nfc, if passwords were normalized to Unicode NFC before hashing; default: none

Plaintext passwords cannot be imported. A format is a name with its options, if any:

  self-describing      bcrypt, Argon2, scrypt and PBKDF2 strings, crypt(3), LDAP, phpass, SCRAM, and so on
  better-auth, crypt, django, dovecot, joomla, keycloak, magento, meteor, mysql, nt, okta, spring, werkzeug
  mybb, opencart, vbulletin                            with the salt in hash_salt, as the following
  aspnet-membership[:algorithm=sha256]
  devise:pepper=NAME
  firebase:project=NAME,rounds=8,mem-cost=14,salt-separator=Bw==
  pbkdf2:algorithm=sha256,iterations=64000[,digest=base64][,salt=hex]
  salted-digest:algorithm=sha256,layout=salt-first[,digest=base64][,salt=hex]
  symfony[:algorithm=sha512,iterations=5000,digest=base64]

`repass hash identify` says what a hash is, and which format to declare. A hash that takes a thread for
more than about 2 s to verify is refused without --allow-costly.

Rows may share an e-mail address or a user name; then nobody signs in by that name.

Existing accounts are not changed, so a second run with the same file changes nothing. An invalid row
is reported as FILE:LINE: REASON and skipped, and the exit status is 1. Rows are written in
transactions of 500. Ctrl-C ends the import between two transactions; run it again to complete it. A
dry run detects a duplicate user id only within 500 rows, and needs no database.

Examples:
  repass account import users.csv
  repass account import --dry-run --realm shop users.jsonl
  gunzip < users.csv.gz | repass account import --format csv -

A users.csv:
  user_id,email,password_hash
  pat,pat@example.org,$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW")]
    Import(Box<ImportAccounts>),
    /// Export accounts to a file for `account import`, by default without password hashes.
    #[command(after_help = "\
The columns are those of `account import`. Values are written unchanged. Do not open an export in a
spreadsheet: it may evaluate values that begin with =, +, - or @ as formulas. CSV does not distinguish
an empty text from a missing one. Attempts, tokens, one-time passwords and earlier passwords are not
exported. An account that is changed during the export may be exported as before or after the change.

Examples:
  repass account export --output users.csv
  repass account export --realm shop --format jsonl > shop.jsonl
  repass account export --with-hashes --output backup.jsonl")]
    Export(Box<ExportAccounts>),
}

/// The format of a file of accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FileFormat {
    /// Comma-separated values (RFC 4180), with names in the first line
    Csv,
    /// One JSON object in each line
    Jsonl,
}

impl FileFormat {
    /// Returns the format for the extension `.csv`, `.jsonl` or `.ndjson`.
    pub(crate) fn from_extension(file: &Path) -> Option<Self> {
        let extension = file.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            _ => None,
        }
    }
}

impl From<FileFormat> for Format {
    fn from(format: FileFormat) -> Self {
        match format {
            FileFormat::Csv => Self::Csv,
            FileFormat::Jsonl => Self::JsonLines,
        }
    }
}

#[derive(Args)]
pub(crate) struct ImportAccounts {
    /// The file to read; - for stdin.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The format of the file [default: by its extension, .csv or .jsonl].
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<FileFormat>,
    /// The realm of rows without a realm.
    #[arg(long, value_name = "REALM", default_value = "default")]
    pub(crate) realm: Realm,
    /// The format of hashes in rows without hash_format.
    #[arg(long, value_name = "FORMAT", default_value = "self-describing")]
    pub(crate) hash_format: ImportFormat,
    /// Accept hashes that take a thread for more than about 2 s to verify.
    #[arg(long)]
    pub(crate) allow_costly: bool,
    #[command(flatten)]
    pub(crate) pepper_keys: PepperKeysOption,
    /// Write nothing; only report invalid rows and existing accounts.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Args)]
pub(crate) struct ExportAccounts {
    /// Only accounts of this realm [default: all realms].
    #[arg(long, value_name = "REALM")]
    pub(crate) realm: Option<Realm>,
    /// The format [default: by the extension of --output, else csv].
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<FileFormat>,
    /// Include password hashes, which allow offline guessing.
    #[arg(long)]
    pub(crate) with_hashes: bool,
    /// The file to write, readable by its owner only [default: stdout].
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Replace an existing file.
    #[arg(long, requires = "output")]
    pub(crate) force: bool,
}

#[derive(Args)]
pub(crate) struct AddAccount {
    #[command(flatten)]
    pub(crate) account: AccountName,
    #[command(flatten)]
    pub(crate) details: AccountDetails,
    /// Add the account without a password; a reset sets the first one.
    #[arg(long)]
    pub(crate) no_password: bool,
    #[command(flatten)]
    pub(crate) policy: PolicyOption,
    #[command(flatten)]
    pub(crate) hash: HashOption,
}

#[derive(Args)]
pub(crate) struct AccountDetails {
    /// E-mail address.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: Option<Email>,
    /// Sign-in name, if it differs from the user id.
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
    /// A file with a user record of the fabric API, a JSON object. Its attributes are kept, and its
    /// names, unless an option overrides them.
    #[arg(long, value_name = "FILE")]
    pub(crate) profile: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct EditAccount {
    #[command(flatten)]
    pub(crate) account: AccountName,
    #[command(flatten)]
    pub(crate) details: AccountDetails,
    /// Remove this value; may be given several times.
    #[arg(long, value_name = "VALUE")]
    pub(crate) clear: Vec<ClearedValue>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClearedValue {
    Email,
    Username,
    GivenName,
    MiddleName,
    FamilyName,
    Attributes,
}

#[derive(Args)]
pub(crate) struct DeleteAccount {
    #[command(flatten)]
    pub(crate) account: AccountName,
    /// Do not ask.
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Args)]
pub(crate) struct ListAccounts {
    /// Only accounts of this realm [default: all realms].
    #[arg(long, value_name = "REALM")]
    pub(crate) realm: Option<Realm>,
    /// Maximum number of accounts, 1 to 10000.
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = values::limit())]
    pub(crate) limit: u32,
    /// Only accounts after this one: a user id with --realm, else REALM/ID.
    #[arg(long, value_name = "ID")]
    pub(crate) after: Option<AccountCursor>,
}
