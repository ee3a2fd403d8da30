use http::Uri;
use http::request::Parts;

/// Returns the URI that the client sent. A nested axum router strips its prefix from the request
/// and keeps the full URI as an extension.
pub(crate) fn original_uri(parts: &Parts) -> &Uri {
    #[cfg(feature = "axum")]
    if let Some(original) = parts.extensions.get::<axum::extract::OriginalUri>() {
        return &original.0;
    }
    &parts.uri
}
