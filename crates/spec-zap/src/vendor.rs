use async_trait::async_trait;
use repass_core::{ADMIN_ROLE, PolicyRules};
use repass_spec::demo::{Demo, DemoError, DemoSection, JSON, bearer};
use repass_spec::{ConfiguredSpec, InvalidOption, MountContext, Vendor};
use serde::Deserialize;

use crate::{ChangePassword, METHOD, PATH, SecureOtp, ZapSpec};

/// The vendor zap, for a server.
#[derive(Debug, Clone, Copy, Default)]
pub struct Zap;

/// The options of a zap API.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ZapOptions {
    /// Whether a request must carry a one-time password: `optional` or `required`. Default:
    /// `optional`.
    #[cfg_attr(feature = "schemars", schemars(with = "String"))]
    pub secure_otp: SecureOtp,
}

#[async_trait]
impl Vendor for Zap {
    const NAME: &'static str = "zap";

    type Options = ZapOptions;

    fn configure(
        &self,
        options: ZapOptions,
        _: &MountContext<'_>,
    ) -> Result<ConfiguredSpec, InvalidOption> {
        let summary = match options.secure_otp {
            SecureOtp::Optional => "",
            SecureOtp::Required => "one-time passwords are required",
        };
        Ok(ConfiguredSpec::new(ZapSpec::new(options.secure_otp), summary))
    }

    /// 8 to 30 characters with at least one digit and one special character, and nothing else.
    fn policy(&self) -> Option<PolicyRules> {
        let mut rules = PolicyRules::length(8, 30);
        rules.require_digit = true;
        rules.require_special = true;
        Some(rules)
    }

    async fn demo(&self, demo: &Demo<'_>) -> Result<DemoSection, DemoError> {
        let account = demo.account("43af9a8989ffb63cc9cdd0537").await?;
        let admin = demo.account("site-admin").await?;
        let token = demo.access_token(&admin.user_id, vec![ADMIN_ROLE.to_owned()]).await?;
        let enrollment =
            demo.administration.enroll_otp(demo.realm, &account.user_id, "repass demo").await?;
        let request = ChangePassword {
            old_password: account.password(),
            user_id: account.user_id,
            email: account.email,
            new_password: demo.new_password()?,
            secure_otp: None,
        };
        let headers = [bearer(&token), JSON.to_owned()];
        let command = demo.curl(METHOD, PATH, &headers, &request.to_json()?);
        let note = format!(
            "The zap account also has one-time passwords: add \"secureOTP\":\"<code>\" with a code of\n{}",
            enrollment.uri()?.expose(),
        );
        Ok(DemoSection { commands: vec![command], note })
    }
}

#[cfg(test)]
mod tests {
    use repass_core::{Plaintext, Policy, PolicyContext, Violation};

    use super::*;

    /// Proves ZAP-40.
    #[test]
    fn the_policy_has_only_the_vendors_rules() {
        let policy = Policy::new(Zap.policy().unwrap()).unwrap();
        let context =
            PolicyContext { is_current: true, is_reused: true, ..PolicyContext::default() };
        let codes = |text: &str| -> Vec<&str> {
            let violations = policy.evaluate(&Plaintext::from(text), &context);
            violations.iter().map(Violation::code).collect()
        };
        assert!(codes("n3wP@ssw0rd").is_empty());
        assert_eq!(codes("nopassw"), ["too-short", "missing-digit", "missing-special"]);
        assert_eq!(codes(&"a1!".repeat(11)), ["too-long"]);
    }

    #[test]
    fn unknown_options_are_refused() {
        let summary = |options: &str| {
            let options = serde_json::from_str(options)?;
            let realm = "zap".parse().unwrap();
            let randomness = std::sync::Arc::new(repass_core::SystemRandomness);
            let mount = MountContext::new(&realm, std::path::Path::new(""), randomness);
            Ok::<_, serde_json::Error>(Zap.configure(options, &mount).unwrap().summary)
        };
        assert_eq!(summary("{}").unwrap(), "");
        assert_eq!(summary(r#"{"secure_otp":"optional"}"#).unwrap(), "");
        let required = summary(r#"{"secure_otp":"required"}"#).unwrap();
        assert_eq!(required, "one-time passwords are required");
        for unknown in [r#"{"secure_otp":"Required"}"#, r#"{"otp":"required"}"#] {
            assert!(summary(unknown).is_err(), "{unknown}");
        }
    }
}
