use http::Uri;
use http::request::Parts;

/// The URI that the client sent: a router in front takes its own part of the path away, and axum keeps
/// the whole URI as an extension.
pub(crate) fn original_uri(parts: &Parts) -> &Uri {
    #[cfg(feature = "axum")]
    if let Some(original) = parts.extensions.get::<axum::extract::OriginalUri>() {
        return &original.0;
    }
    &parts.uri
}
