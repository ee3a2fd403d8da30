use async_trait::async_trait;
use repass_spec::demo::{Demo, DemoAccount, DemoError, DemoSection, JSON};
use repass_spec::{ConfiguredSpec, InvalidOption, MountContext, Vendor};
use serde::Deserialize;

use crate::{Authentication, CustomerSpec, METHOD, PATH, UpdateUserPasswordRequest};

/// The vendor customer, for a server.
#[derive(Debug, Clone, Copy, Default)]
pub struct Customer;

/// The options of a customer API.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CustomerOptions {
    /// The credential that a request must present besides the old password: `none`, `api-key` (a
    /// key of the realm in the header `x-api-key`) or `bearer` (an access token). Default: `none`.
    #[cfg_attr(feature = "schemars", schemars(with = "String"))]
    pub authentication: Authentication,
}

#[async_trait]
impl Vendor for Customer {
    const NAME: &'static str = "customer";

    type Options = CustomerOptions;

    fn configure(
        &self,
        options: CustomerOptions,
        _: &MountContext<'_>,
    ) -> Result<ConfiguredSpec, InvalidOption> {
        let summary = match options.authentication {
            Authentication::None => "callers are not authenticated",
            Authentication::ApiKey => "callers need an api key",
            Authentication::Bearer => "callers need an access token",
        };
        Ok(ConfiguredSpec::new(CustomerSpec::new(options.authentication), summary))
    }

    async fn demo(&self, demo: &Demo<'_>) -> Result<DemoSection, DemoError> {
        let (json, xml) = (account(demo).await?, account(demo).await?);
        // curl sends `Accept: */*`, which selects JSON.
        let xml_headers = ["Content-Type", "Accept"].map(|name| format!("{name}: application/xml"));
        let (json, xml) = (request(demo, &json)?.to_json(), request(demo, &xml)?.to_xml()?);
        let commands = vec![
            demo.curl(METHOD, PATH, &[JSON.to_owned()], &json),
            demo.curl(METHOD, PATH, &xml_headers, &xml),
        ];
        Ok(DemoSection { commands, note: String::new() })
    }
}

async fn account(demo: &Demo<'_>) -> Result<DemoAccount, DemoError> {
    demo.account(&demo.guid()?).await
}

fn request(demo: &Demo<'_>, account: &DemoAccount) -> Result<UpdateUserPasswordRequest, DemoError> {
    Ok(UpdateUserPasswordRequest {
        user_id: account.user_id.parse()?,
        old_password: Some(account.password()),
        new_password: Some(demo.new_password()?),
        ip_address: Some("203.0.113.7".to_owned()),
        user_agent: Some("demo".to_owned()),
        permanent_session_id: Some("demo".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use repass_core::SystemRandomness;

    use super::*;

    #[test]
    fn unknown_options_are_refused() {
        let summary = |options: &str| {
            let options = serde_json::from_str(options)?;
            let realm = "customer".parse().unwrap();
            let mount = MountContext::new(&realm, Path::new(""), Arc::new(SystemRandomness));
            Ok::<_, serde_json::Error>(Customer.configure(options, &mount).unwrap().summary)
        };
        for (options, expected) in [
            ("{}", "callers are not authenticated"),
            (r#"{"authentication":"none"}"#, "callers are not authenticated"),
            (r#"{"authentication":"api-key"}"#, "callers need an api key"),
            (r#"{"authentication":"bearer"}"#, "callers need an access token"),
        ] {
            assert_eq!(summary(options).unwrap(), expected, "{options}");
        }
        for unknown in [r#"{"authentication":"ApiKey"}"#, r#"{"auth":"none"}"#] {
            assert!(summary(unknown).is_err(), "{unknown}");
        }
    }
}
