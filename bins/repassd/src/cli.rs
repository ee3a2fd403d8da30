use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// Serves five vendors' password-change APIs on one engine.
#[derive(Debug, Parser)]
#[command(
    name = "repassd",
    version,
    after_help = "To try it:    repassd demo\n\
                  To run it:    repassd serve --config /etc/repass/repassd.toml\n\n\
                  Manage accounts, keys and tokens with the command line `repass`."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serves all five APIs on a new database in a temporary folder. Prints a curl command for each
    /// that changes the password of a demo account.
    Demo(DemoOptions),
    /// Serves the APIs of a configuration file until SIGTERM or Ctrl-C.
    #[command(
        after_help = "A key of the file can be overridden by an environment variable: REPASS_ and \
                      the key in capitals, with two underscores for each dot, such as \
                      REPASS_STORE__URL for store.url. A list is written as in TOML."
    )]
    Serve(ConfigOption),
    /// Checks a configuration file, and prints what `serve` would do or what is wrong. Changes
    /// nothing.
    CheckConfig(ConfigOption),
    /// Asks the running server at admin.listen whether it is ready, for health checks. Exit status
    /// 1 if it is not.
    CheckReady(ConfigOption),
    /// Prints the values of a configuration file and of the environment variables that override
    /// them, as TOML, without secrets.
    ShowConfig(ConfigOption),
    /// Prints an OpenAPI 3.1 document, in JSON, for generators of clients and of documentation.
    Openapi(OpenapiOptions),
    /// Prints a completion script for a shell.
    Completions {
        /// The shell.
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
    /// Writes the man pages of all commands to a folder.
    Man {
        /// The folder, which must exist.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct DemoOptions {
    /// Address and port to listen on; port 0 picks a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
}

#[derive(Debug, Args)]
pub(crate) struct OpenapiOptions {
    /// The document.
    #[arg(value_enum, default_value_t = OpenapiDocument::Vendors)]
    pub(crate) document: OpenapiDocument,
    /// The configuration file (TOML) whose APIs are described.
    #[arg(long, value_name = "FILE", env = "REPASS_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Describes the APIs of all vendors, without a prefix and with their default options. No
    /// configuration is read.
    #[arg(long)]
    pub(crate) all: bool,
}

/// A document that `repassd openapi` prints.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum OpenapiDocument {
    /// The password-change APIs.
    Vendors,
    /// The admin API, which no configuration changes.
    Admin,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigOption {
    /// The configuration file (TOML).
    #[arg(long, value_name = "FILE", env = "REPASS_CONFIG")]
    pub(crate) config: PathBuf,
}
