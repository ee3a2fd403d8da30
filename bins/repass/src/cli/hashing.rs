use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use repass_core::HashProfile;

use super::{NamedFile, values};

/// The keys that stored hashes may name.
#[derive(Args)]
pub(crate) struct PepperKeysOption {
    /// A pepper key, without which hashes that were made with it cannot be verified: 32 to 1024 bytes
    /// in Base64, in a file. May be given several times, or as ID=FILE,ID=FILE in the variable.
    #[arg(
        long = "pepper-key",
        value_name = "ID=FILE",
        env = "REPASS_PEPPER_KEYS",
        value_delimiter = ','
    )]
    pub(crate) files: Vec<NamedFile>,
}

/// How passwords are hashed and verified; as `repassd` does by `[hashing]`.
#[derive(Args)]
pub(crate) struct HashOption {
    /// What a stored hash costs to compute. `insecure-for-tests` protects nothing.
    #[arg(
        long,
        value_name = "PROFILE",
        env = "REPASS_HASH_PROFILE",
        default_value = "owasp",
        value_parser = PossibleValuesParser::new(HashProfile::PRESETS).try_map(|name| values::hash_profile(&name))
    )]
    pub(crate) hash_profile: HashProfile,
    #[command(flatten)]
    pub(crate) pepper_keys: PepperKeysOption,
    /// The pepper key that a new hash is made with [default: the last --pepper-key].
    #[arg(long, value_name = "ID", env = "REPASS_PEPPER")]
    pub(crate) pepper: Option<String>,
    /// The signer key of a Firebase project, without which hashes of its accounts cannot be verified:
    /// the base64_signer_key of its hash parameters, in a file. May be given several times.
    #[arg(long = "firebase-key", value_name = "PROJECT=FILE")]
    pub(crate) firebase_keys: Vec<NamedFile>,
}
