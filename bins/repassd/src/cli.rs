use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Serves five vendors' password-change APIs on one engine.
#[derive(Debug, Parser)]
#[command(
    name = "repassd",
    version,
    after_help = "To see it work:    repassd demo\n\
                  To run it:         repassd serve --config /etc/repass/repassd.toml\n\n\
                  Accounts, keys and tokens are made with the command line `repass`."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serves all five APIs on a fresh database in a temporary folder, and prints a curl command for
    /// each that changes a demo account's password.
    Demo(DemoOptions),
    /// Serves what a configuration file says, until SIGTERM or Ctrl-C.
    #[command(
        after_help = "A key of the file can be overridden by an environment variable: REPASS_ and \
                      the key in capitals, with two underscores for each dot, such as \
                      REPASS_STORE__URL for store.url. A list is written as in TOML."
    )]
    Serve(ConfigOption),
    /// Says what `serve` would do with a configuration file, or what is wrong with it. Changes
    /// nothing.
    CheckConfig(ConfigOption),
}

#[derive(Debug, Args)]
pub(crate) struct DemoOptions {
    /// Address and port to listen on; port 0 picks a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigOption {
    /// The configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
}
