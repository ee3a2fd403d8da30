use async_trait::async_trait;
use repass_core::KeyKind;
use repass_spec::demo::{Demo, DemoError, DemoSection, JSON, bearer};
use repass_spec::{ConfiguredSpec, InvalidOption, MountContext, Vendor};
use serde::Deserialize;

use crate::{EcomSpec, METHOD, PATH, PasswordChange};

/// The vendor ecom, for a server.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ecom;

/// The options of an ecom API.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct EcomOptions {
    /// Whether errors that the user can correct are answered with 200, for bots that drop the text
    /// of any other answer. Default: `false`.
    pub errors_as_ok: bool,
}

#[async_trait]
impl Vendor for Ecom {
    const NAME: &'static str = "ecom";

    type Options = EcomOptions;

    fn configure(
        &self,
        options: EcomOptions,
        mount: &MountContext<'_>,
    ) -> Result<ConfiguredSpec, InvalidOption> {
        let spec = EcomSpec::new(mount.randomness.clone()).with_errors_as_ok(options.errors_as_ok);
        let summary = if options.errors_as_ok {
            "errors that the user can correct are answered with 200"
        } else {
            ""
        };
        Ok(ConfiguredSpec::new(spec, summary))
    }

    async fn demo(&self, demo: &Demo<'_>) -> Result<DemoSection, DemoError> {
        let account = demo.account("ram123@gmail.com").await?;
        let key = demo.key(KeyKind::Service, "chat bot").await?;
        let mut request =
            PasswordChange::new(&account.user_id, account.password(), demo.new_password()?);
        request.language = Some("en-US".to_owned());
        request.channel = Some("web".to_owned());
        let headers = [bearer(&key), JSON.to_owned()];
        let command = demo.curl(METHOD, PATH, &headers, &request.to_body()?);
        Ok(DemoSection { commands: vec![command], note: String::new() })
    }
}
