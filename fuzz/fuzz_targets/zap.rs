//! zap: a request, see `src/vendor.rs`.
#![cfg_attr(feature = "libfuzzer", no_main)]

use repass_fuzz::second_reading::Passwords;
use repass_fuzz::vendor;
use repass_spec_zap::{SecureOtp, ZapSpec};

const PASSWORDS: Passwords =
    Passwords { objects: &[], old: "oldPassword", new: "newPassword", any_case: false };

fn check(input: &[u8]) {
    let secure_otp = [SecureOtp::Optional, SecureOtp::Required][input.len() % 2];
    vendor::check(&ZapSpec::new(secure_otp), &[], &PASSWORDS, input);
}

repass_fuzz::target!(check);
