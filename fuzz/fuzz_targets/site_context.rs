//! fabric's `x-site-context`: a header's value, written and read again.
#![cfg_attr(feature = "libfuzzer", no_main)]

use http::{HeaderMap, HeaderValue};
use repass_spec_fabric::{SiteContext, SiteContextError, is_site_account};

fn check(input: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(input) else { return };
    let Ok(context) = read(value) else { return };
    assert!(is_site_account(&context.account));
    if let Ok(value) = context.to_header() {
        assert_eq!(read(value), Ok(context));
    }
}

fn read(value: HeaderValue) -> Result<SiteContext, SiteContextError> {
    SiteContext::read(&HeaderMap::from_iter([(
        http::HeaderName::from_static("x-site-context"),
        value,
    )]))
}

repass_fuzz::target!(check);
