//! customer: a request in JSON, XML or a form, see `src/vendor.rs`.
#![cfg_attr(feature = "libfuzzer", no_main)]

use repass_fuzz::second_reading::Passwords;
use repass_fuzz::vendor;
use repass_spec_customer::{Authentication, CustomerSpec};

const PASSWORDS: Passwords =
    Passwords { objects: &[], old: "OldPassword", new: "NewPassword", any_case: true };

fn check(input: &[u8]) {
    let all = [Authentication::None, Authentication::ApiKey, Authentication::Bearer];
    vendor::check(&CustomerSpec::new(all[input.len() % 3]), &[], &PASSWORDS, input);
}

repass_fuzz::target!(check);
