use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use repass_account_file::Format;
use repass_core::{Email, Realm};
use repass_hash_families::ImportFormat;

use super::{AccountName, HashOption, PepperKeysOption, PolicyOption, Position, values};

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
    /// Add accounts of another system, with the hashes that they have there.
    #[command(after_help = "\
A CSV file is UTF-8, and names its columns in its first line; an empty cell says nothing, and one
with a comma in it, such as an Argon2 hash, stands in quotes. Of JSON Lines, each line is an object
whose members have the same names. A row has at most 256 KiB.

  user_id              how the vendor's API calls the account; required
  realm                the set of accounts it belongs to; else that of --realm
  email, username      e-mail address; name to sign in with, where it differs from the user id
  active               true or false (CSV also: 1, 0, yes, no); else true
  given_name, middle_name, family_name
  attributes           what else a vendor's API shows of the user, a JSON object
  created_at, updated_at, password_changed_at
                       RFC 3339, such as 2024-02-29T12:00:00Z
  password_hash        the stored hash; without one, a reset sets the first password
  hash_salt            its salt, where that stands apart
  hash_format          what the hash is, where it does not tell itself; else that of --hash-format
  hash_normalization   nfc, if passwords were brought to Unicode's NFC before; else none

Passwords themselves are not imported. A format is a name with its options, if any:

  self-describing      bcrypt, Argon2, scrypt and PBKDF2 strings, crypt(3), LDAP, phpass, and so on
  django, nt, better-auth, keycloak
  salted-digest:algorithm=sha256,layout=salt-first[,digest=base64][,salt=hex]
  aspnet-membership[:algorithm=sha256]
  firebase:project=NAME,rounds=8,mem-cost=14,salt-separator=Bw==

An account that is present is left as it is, so a second run of the same file changes nothing. A bad
row is told as FILE:LINE: REASON, and the rest goes on; then the exit status is 1. Rows are written
500 at a time, each time all or none. Ctrl-C ends the import between two of these; run it again to
complete it. A dry run finds a user id that stands in the file twice only when the two are close
together.

Examples:
  repass account import users.csv
  repass account import --dry-run --realm shop users.jsonl
  gunzip < users.csv.gz | repass account import --format csv -

of a users.csv such as:
  user_id,email,password_hash
  pat,pat@example.org,$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW")]
    Import(Box<ImportAccounts>),
    /// Write accounts to a file that `account import` reads, without hashes unless asked for.
    #[command(after_help = "\
The columns are those of `account import`. Values are written exactly, as data for programs: a
spreadsheet may take one that begins with =, +, - or @ for a formula, so do not open an export there.
In CSV an empty text cannot be told from none. Attempts, tokens, one-time passwords and earlier
passwords are not exported. Accounts that are changed meanwhile may be exported as before or after.

Examples:
  repass account export --output users.csv
  repass account export --realm shop --format jsonl > shop.jsonl
  repass account export --with-hashes --output backup.jsonl")]
    Export(Box<ExportAccounts>),
}

/// How a file of accounts is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FileFormat {
    /// Comma-separated values (RFC 4180), with names in the first line
    Csv,
    /// One JSON object in each line
    Jsonl,
}

impl FileFormat {
    /// The format that the file's name tells, by `.csv`, `.jsonl` or `.ndjson`.
    pub(crate) fn of_name(file: &Path) -> Option<Self> {
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
    /// How it is written [default: as its name ends, .csv or .jsonl].
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<FileFormat>,
    /// The realm of rows that name none.
    #[arg(long, value_name = "REALM", default_value = "default")]
    pub(crate) realm: Realm,
    /// What the hashes are of rows that do not say.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "self-describing",
        value_parser = values::hash_format
    )]
    pub(crate) hash_format: ImportFormat,
    #[command(flatten)]
    pub(crate) pepper_keys: PepperKeysOption,
    /// Do everything but write: tell of bad rows, and of accounts that are present.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Args)]
pub(crate) struct ExportAccounts {
    /// Only accounts of this realm [default: all realms].
    #[arg(long, value_name = "REALM")]
    pub(crate) realm: Option<Realm>,
    /// How to write [default: as the name of --output ends, else csv].
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<FileFormat>,
    /// Write the hashes of passwords too. Whoever has them can guess passwords off line.
    #[arg(long)]
    pub(crate) with_hashes: bool,
    /// The file to write, for its owner's eyes only [default: stdout].
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the file if it is there.
    #[arg(long, requires = "output")]
    pub(crate) force: bool,
}

#[derive(Args)]
pub(crate) struct AddAccount {
    #[command(flatten)]
    pub(crate) account: AccountName,
    /// E-mail address.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: Option<Email>,
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
