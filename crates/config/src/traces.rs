//! `[traces]`: the export of traces.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use repass_core::ErrorChain;
use repass_endpoint::{Endpoint, EndpointOptions};
use repass_store::read_secret_file;
use serde::Deserialize;

use super::KeyError;
use super::features;

/// The time-out of a request to the collector.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The export of traces to a collector by OTLP, in Protobuf over HTTP. Without this table none are
/// exported. It needs a build with the Cargo feature `otlp`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RawTraces {
    /// The URL of the collector, with its path, such as `http://localhost:4318/v1/traces`.
    endpoint: String,
    /// The file with header fields for the collector, one a line, such as `authorization: Bearer
    /// TOKEN`.
    headers_file: Option<PathBuf>,
    /// The part of the requests that is traced. A request with `traceparent` is traced if its flag
    /// says so. Default: `1`.
    sampling: Option<f64>,
    /// The name of the service in the traces. Default: `repassd`.
    service_name: Option<String>,
    /// Allows `http://` for an endpoint on another machine. Default: `false`.
    #[serde(default)]
    allow_plain_http: bool,
}

/// The export of traces.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TracesConfig {
    /// The collector.
    pub endpoint: Arc<Endpoint>,
    /// Header fields for it; their values may be secrets, which `Debug` hides.
    pub headers: HeaderMap,
    /// The part of the requests that is traced, 0 to 1.
    pub sampling: f64,
    /// The name of the service.
    pub service_name: String,
}

impl RawTraces {
    /// Checks the values. Relative paths are resolved against `folder`.
    pub(super) fn check(self, folder: &Path) -> Result<TracesConfig, KeyError> {
        features::require("traces", "otlp", features::OTLP)?;
        let options = EndpointOptions {
            url: self.endpoint,
            timeout: TIMEOUT,
            allow_plain_http: self.allow_plain_http,
            proxy: None,
        };
        let endpoint = Endpoint::new(&options);
        let endpoint = endpoint.map_err(|error| KeyError::new("traces.endpoint", error))?;
        let headers = self.headers_file.map(|file| headers(&folder.join(file))).transpose();
        let headers = headers.map_err(|reason| KeyError::new("traces.headers_file", reason))?;
        let sampling = self.sampling.unwrap_or(1.0);
        if !(0.0..=1.0).contains(&sampling) {
            return Err(KeyError::new("traces.sampling", "must be 0 to 1"));
        }
        Ok(TracesConfig {
            endpoint: Arc::new(endpoint),
            headers: headers.unwrap_or_default(),
            sampling,
            service_name: self.service_name.unwrap_or_else(|| "repassd".to_owned()),
        })
    }
}

/// Reads header fields, without a word of the file in the error.
fn headers(file: &Path) -> Result<HeaderMap, String> {
    let text = read_secret_file(file).map_err(|error| ErrorChain(&error).to_string())?;
    let lines = text.expose().lines().filter(|line| !line.trim().is_empty());
    let fields = lines.map(|line| {
        let (name, value) = line.split_once(':')?;
        let mut value = HeaderValue::from_str(value.trim()).ok()?;
        value.set_sensitive(true);
        Some((name.trim().parse::<HeaderName>().ok()?, value))
    });
    let fields: Option<HeaderMap> = fields.collect();
    fields.ok_or_else(|| "each line of the file must be a name, a colon and a value".to_owned())
}
