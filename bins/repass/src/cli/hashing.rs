use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use repass_core::HashProfile;

use super::{NamedFile, values};

#[derive(Args)]
pub(crate) struct PepperKeysOption {
    /// A file with a pepper key instead of those of --config, 32 to 1024 bytes in Base64, to verify
    /// the hashes made with it. May be given several times, or as ID=FILE,ID=FILE in the variable.
    #[arg(
        long = "pepper-key",
        value_name = "ID=FILE",
        env = "REPASS_PEPPER_KEYS",
        value_delimiter = ','
    )]
    pub(crate) files: Vec<NamedFile>,
}

/// The options for hashing. Without one, the value is that of `[hashing]` in the configuration
/// file.
#[derive(Args)]
pub(crate) struct HashOption {
    /// The cost parameters of new hashes [default: those of --config, else owasp].
    /// `insecure-for-tests` protects nothing.
    #[arg(
        long,
        value_name = "PROFILE",
        env = "REPASS_HASH_PROFILE",
        value_parser = PossibleValuesParser::new(HashProfile::PRESETS).try_map(|name| values::hash_profile(&name))
    )]
    pub(crate) hash_profile: Option<HashProfile>,
    #[command(flatten)]
    pub(crate) pepper_keys: PepperKeysOption,
    /// The id of the pepper key for new hashes [default: the last --pepper-key, else that of
    /// --config].
    #[arg(long, value_name = "ID", env = "REPASS_PEPPER")]
    pub(crate) pepper: Option<String>,
    /// A file with the signer key of a Firebase project (base64_signer_key of its hash parameters),
    /// to verify the hashes of its accounts. May be given several times.
    #[arg(long = "firebase-key", value_name = "PROJECT=FILE")]
    pub(crate) firebase_keys: Vec<NamedFile>,
}
