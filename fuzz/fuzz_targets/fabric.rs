//! fabric: a request, see `src/vendor.rs`.
#![cfg_attr(feature = "libfuzzer", no_main)]

use repass_fuzz::second_reading::Passwords;
use repass_fuzz::vendor;
use repass_spec_fabric::FabricSpec;

const PASSWORDS: Passwords =
    Passwords { objects: &[], old: "resetToken", new: "newPassword", any_case: false };

fn check(input: &[u8]) {
    vendor::check(&FabricSpec::new(), &[], &PASSWORDS, input);
}

repass_fuzz::target!(check);
