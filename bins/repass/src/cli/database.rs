use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::PepperKeysOption;

#[derive(Subcommand)]
pub(crate) enum DatabaseCommand {
    /// Make the database and its installation key, unless they exist.
    #[command(after_help = "\
Examples:
  repass database init --database sqlite:///var/lib/repass/repass.db
  repass database init --database postgres://repass@db/repass --key-file /etc/repass/key")]
    Init,
    /// Bring the schema up to date. repassd does so when it starts, unless store.migrate is false.
    #[command(after_help = "\
A node of the version before keeps serving a database that was migrated; it says so in its log.

Example:
  repass database migrate")]
    Migrate,
    /// Read the whole database and check it.
    Check,
    /// Copy an SQLite database to a new file while it is used.
    #[command(after_help = "\
The installation key is not in the copy; keep a copy of the key file apart from it.

Example:
  repass database backup /backup/repass-2026-11-27.db")]
    Backup(BackupDatabase),
    /// Use the database with other keys than before, after a key was lost.
    #[command(after_help = "\
What was made with a lost key cannot be verified any more: with the installation key, one-time
passwords that accounts are enrolled for; with a pepper key, the passwords of all hashes that name
it. A missing installation key is made anew. If you still have the old keys, restore them instead.

Example:
  repass database accept-keys --pepper-key k1=/etc/repass/pepper-k1")]
    AcceptKeys(AcceptKeys),
}

#[derive(Args)]
pub(crate) struct BackupDatabase {
    /// The file to make; it must not exist.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

#[derive(Args)]
pub(crate) struct AcceptKeys {
    #[command(flatten)]
    pub(crate) pepper_keys: PepperKeysOption,
}
