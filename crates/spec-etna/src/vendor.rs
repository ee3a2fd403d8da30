use async_trait::async_trait;
use repass_core::KeyKind;
use repass_spec::demo::{Demo, DemoError, DemoSection, JSON, bearer};
use repass_spec::{ConfiguredSpec, InvalidOption, MountContext, Vendor};
use serde::Deserialize;

use crate::{EtnaSpec, METHOD, User, UserPassword, path};

/// The vendor etna, for a server.
#[derive(Debug, Clone, Copy, Default)]
pub struct Etna;

/// The options of an etna API.
#[derive(Debug, Clone, Copy, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct EtnaOptions {
    /// Whether the presented access token stays valid after a change. Default: `true`.
    pub keep_presenting_token: bool,
}

impl Default for EtnaOptions {
    fn default() -> Self {
        Self { keep_presenting_token: true }
    }
}

#[async_trait]
impl Vendor for Etna {
    const NAME: &'static str = "etna";

    type Options = EtnaOptions;

    fn configure(
        &self,
        options: EtnaOptions,
        _: &MountContext<'_>,
    ) -> Result<ConfiguredSpec, InvalidOption> {
        let keep = options.keep_presenting_token;
        let summary = if keep { "" } else { "a change ends the presented token too" };
        Ok(ConfiguredSpec::new(EtnaSpec::new().with_keep_presenting_token(keep), summary))
    }

    async fn demo(&self, demo: &Demo<'_>) -> Result<DemoSection, DemoError> {
        let account = demo.account("100200300").await?;
        let app_key = demo.key(KeyKind::App, "trading app").await?;
        let token = demo.access_token(&account.user_id, Vec::new()).await?;
        let request = UserPassword::new(account.password(), demo.new_password()?);
        let app_key = format!("Et-App-Key: {}", app_key.expose());
        let headers = [app_key, bearer(&token), JSON.to_owned()];
        let command = demo.curl(METHOD, &path(User::Me), &headers, &request.to_body()?);
        // A success has no body, so curl shows the status line.
        let command = command.replacen("curl -sS", "curl -sS -i", 1);
        Ok(DemoSection { commands: vec![command], note: String::new() })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use repass_core::SystemRandomness;

    use super::*;

    /// Proves ETNA-40.
    #[test]
    fn unknown_options_are_refused() {
        let summary = |options: &str| {
            let options = serde_json::from_str(options)?;
            let realm = "etna".parse().unwrap();
            let mount = MountContext::new(&realm, Path::new(""), Arc::new(SystemRandomness));
            Ok::<_, serde_json::Error>(Etna.configure(options, &mount).unwrap().summary)
        };
        assert_eq!(summary("{}").unwrap(), "");
        assert_eq!(summary(r#"{"keep_presenting_token":true}"#).unwrap(), "");
        let ends = summary(r#"{"keep_presenting_token":false}"#).unwrap();
        assert_eq!(ends, "a change ends the presented token too");
        for unknown in [r#"{"keep_presenting_token":"yes"}"#, r#"{"keep_token":true}"#] {
            assert!(summary(unknown).is_err(), "{unknown}");
        }
    }
}
