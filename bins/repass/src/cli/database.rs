use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::PepperKeysOption;

#[derive(Subcommand)]
pub(crate) enum DatabaseCommand {
    /// Create the database and its installation key, unless they exist.
    #[command(after_help = "\
Examples:
  repass database init --database sqlite:///var/lib/repass/repass.db
  repass database init --database postgres://repass@db/repass --key-file /etc/repass/key")]
    Init,
    /// Migrate the schema to this version. repassd does so at start, unless store.migrate is false.
    #[command(after_help = "\
Nodes of the previous version keep serving the migrated database, and log a warning.

Example:
  repass database migrate")]
    Migrate,
    /// Check the integrity of the database.
    Check,
    /// Copy an SQLite database to a new file while it is in use.
    #[command(after_help = "\
The copy does not contain the installation key. Back up the key file separately.

Example:
  repass database backup /backup/repass-2026-11-27.db")]
    Backup(BackupDatabase),
    /// Accept new keys for the database after a key was lost.
    #[command(after_help = "\
Without the old installation key, enrolled one-time passwords cannot be verified any more; without an
old pepper key, the hashes made with it. A missing installation key is created. If you still have the
old keys, restore them instead.

Example:
  repass database accept-keys --pepper-key k1=/etc/repass/pepper-k1")]
    AcceptKeys(AcceptKeys),
}

#[derive(Args)]
pub(crate) struct BackupDatabase {
    /// The file to create; it must not exist.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

#[derive(Args)]
pub(crate) struct AcceptKeys {
    #[command(flatten)]
    pub(crate) pepper_keys: PepperKeysOption,
}
