use clap::{Args, Subcommand};
use repass_config::Vendors;

#[derive(Subcommand)]
pub(crate) enum PolicyCommand {
    /// Show a policy: each setting with its value and its source. Needs no database.
    #[command(after_help = "\
The source is a key of the configuration file, a clause of the standard that the preset is made for,
the name of a vendor's preset, or repass for a default of its own.

Examples:
  repass policy show
  repass policy show pci-dss
  repass policy show --config /etc/repass/repassd.toml zap --json")]
    Show(ShowPolicy),
}

#[derive(Args)]
pub(crate) struct ShowPolicy {
    #[arg(value_name = "POLICY", help = help())]
    pub(crate) name: Option<String>,
}

fn help() -> String {
    format!(
        "A preset ({}), or with --config the name of an API [default: with --config its [policy], \
         else {}]",
        Vendors::bundled().policy_presets().join(", "),
        crate::settings::Settings::DEFAULT_POLICY,
    )
}
