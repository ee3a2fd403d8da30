//! etna: a request, see `src/vendor.rs`.
#![cfg_attr(feature = "libfuzzer", no_main)]

use repass_fuzz::second_reading::Passwords;
use repass_fuzz::vendor;
use repass_spec_etna::EtnaSpec;

const PASSWORDS: Passwords =
    Passwords { objects: &[], old: "OldPassword", new: "Password", any_case: true };

fn check(input: &[u8]) {
    vendor::check(&EtnaSpec::new(), &[], &PASSWORDS, input);
}

repass_fuzz::target!(check);
