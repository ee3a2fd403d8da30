//! The export of spans by OTLP.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{HeaderExtractor, HttpClient, HttpError};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use repass_config::TracesConfig;
use repass_core::ErrorChain;
use tokio::runtime::Handle;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::DynFilterFn;
use tracing_subscriber::registry::LookupSpan;

use super::TARGET;

/// The largest answer of the collector, in bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// How long the last spans may take at the end.
const LAST_SPANS: Duration = Duration::from_secs(2);

/// The exporter, if one is configured. Its thread keeps at most 2048 spans; further ones are dropped.
pub(crate) struct Traces(Option<SdkTracerProvider>);

impl Traces {
    /// Starts the exporter. Its requests run on the current runtime.
    pub(crate) fn start(config: Option<&TracesConfig>) -> Result<Self, ExporterBuildError> {
        let Some(config) = config else { return Ok(Self(None)) };
        let collector = Collector {
            config: config.clone(),
            runtime: Handle::current(),
            is_failing: AtomicBool::new(false),
        };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(config.endpoint.to_string())
            .with_http_client(collector)
            .build()?;
        let version = opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource = Resource::builder()
            .with_service_name(config.service_name.clone())
            .with_attribute(version)
            .build();
        let sampler = Sampler::TraceIdRatioBased(config.sampling);
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::ParentBased(Box::new(sampler)))
            .with_resource(resource)
            .with_batch_exporter(exporter)
            .build();
        Ok(Self(Some(provider)))
    }

    /// Returns the layer that exports the spans.
    pub(crate) fn layer<S>(&self) -> Option<Box<dyn Layer<S> + Send + Sync>>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let tracer = self.0.as_ref()?.tracer("repassd");
        // The work for no request, such as that of the outbox, is not traced. Events are those of the
        // log, which name accounts.
        let filter = DynFilterFn::new(|metadata, context| {
            metadata.target() == TARGET
                && metadata.is_span()
                && (metadata.name() == "request" || context.lookup_current().is_some())
        });
        let filter =
            filter.with_max_level_hint(LevelFilter::TRACE).with_callsite_filter(|metadata| {
                match metadata.target() {
                    TARGET => Interest::sometimes(),
                    _ => Interest::never(),
                }
            });
        let layer = tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false);
        Some(layer.with_filter(filter).boxed())
    }

    /// Sends the last spans.
    pub(crate) async fn end(self) {
        let Some(provider) = self.0 else { return };
        // It waits for its thread. An error has been logged, as far as it is one of the collector.
        let ended = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(LAST_SPANS));
        let _ = ended.await;
    }
}

/// Makes a span the child of the one that `traceparent` names (W3C Trace Context).
pub(super) fn set_parent(span: &Span, headers: &HeaderMap) {
    if !span.is_disabled() {
        let parent = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
        // It fails only after the span has begun.
        let _ = span.set_parent(parent);
    }
}

/// Sends spans to the collector. Its failures are logged once, until it answers again.
struct Collector {
    config: TracesConfig,
    runtime: Handle,
    is_failing: AtomicBool,
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Collector({})", self.config.endpoint)
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (endpoint, mut headers) = (self.config.endpoint.clone(), self.config.headers.clone());
        let (parts, body) = request.into_parts();
        headers.extend(parts.headers);
        // The exporter calls this on a thread outside the runtime.
        let sent =
            self.runtime.spawn(async move { endpoint.post(headers, body, MAX_ANSWER).await });
        let sent = sent.await?;
        let failed = sent.is_err();
        let failed_before = self.is_failing.swap(failed, Ordering::Relaxed);
        match &sent {
            Err(error) if !failed_before => tracing::warn!(
                endpoint = %self.config.endpoint,
                error = ErrorChain(error).to_string(),
                "traces cannot be exported, and are dropped until the collector answers; check traces.endpoint"
            ),
            Ok(_) if failed_before => tracing::info!("traces are exported again"),
            _ => {}
        }
        Ok(Response::new(sent?.into()))
    }
}
