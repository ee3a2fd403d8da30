//! The Cargo features of the program that reads the configuration.

use super::KeyError;

/// Whether the program can order certificates. Tests read every key.
pub(super) const ACME: bool = cfg!(any(feature = "acme", test));

/// Whether the program can export traces.
pub(super) const OTLP: bool = cfg!(any(feature = "otlp", test));

/// Refuses a table that needs a Cargo feature that the program was built without.
pub(super) fn require(table: &str, feature: &str, is_built: bool) -> Result<(), KeyError> {
    if is_built {
        return Ok(());
    }
    let reason = format!(
        "this program was built without it; build it with: cargo build --release -p repassd \
         --features {feature}"
    );
    Err(KeyError::new(table, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_a_feature_that_is_missing_is_refused_with_the_remedy() {
        assert!(require("tls.acme", "acme", true).is_ok());
        let error = require("tls.acme", "acme", false).unwrap_err();
        assert_eq!(error.key, "tls.acme");
        assert!(error.reason.ends_with("cargo build --release -p repassd --features acme"));
    }
}
