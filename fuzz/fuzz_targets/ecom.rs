//! ecom: a request, see `src/vendor.rs`.
#![cfg_attr(feature = "libfuzzer", no_main)]

use std::sync::Arc;

use repass_fuzz::second_reading::Passwords;
use repass_fuzz::vendor;
use repass_spec_ecom::EcomSpec;

const PASSWORDS: Passwords = Passwords {
    objects: &["queryInfo", "parameters", "params", "accountInfo"],
    old: "oldPassword",
    new: "newPassword",
    any_case: false,
};

fn check(input: &[u8]) {
    let spec = EcomSpec::new(Arc::new(vendor::Constant));
    if input.len().is_multiple_of(2) {
        vendor::check(&spec, &[], &PASSWORDS, input);
    } else {
        vendor::check(&spec.with_errors_as_ok(true), &[200], &PASSWORDS, input);
    }
}

repass_fuzz::target!(check);
