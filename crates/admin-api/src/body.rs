//! Reads bodies and queries.

use std::fmt;
use std::marker::PhantomData;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use repass_http::{BodyError, SecretBytes, read_body};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use crate::problem::{FieldError, Problem};
use crate::shape::mistakes;
use crate::state::State;

/// The most bytes of a body that is not streamed.
pub(crate) const MAX_BODY: usize = 64 * 1024;

/// A JSON body. Unknown members are errors.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned + ToSchema> FromRequest<State> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &State) -> Result<Self, Problem> {
        let is_json = media_type(request.headers())
            .is_some_and(|own| own == "application/json" || own == "application/merge-patch+json");
        if !is_json {
            return Err(Problem::new("unsupported-media-type", "send application/json"));
        }
        let bytes = read(request, state).await?;
        let mut json = serde_json::Deserializer::from_slice(&bytes);
        let body = serde_path_to_error::deserialize(&mut json);
        let Object(body) = body.map_err(|error| {
            let mut errors = mistakes::<T>(&bytes);
            let first = json_error(pointer(error.path()), error.inner());
            if errors.iter().all(|error| error.pointer != first.pointer) {
                errors.insert(0, first);
            }
            Problem::invalid_body(errors)
        })?;
        json.end().map_err(|_| {
            Problem::invalid_body(vec![FieldError::new(
                "",
                "syntax",
                "text follows the JSON value",
            )])
        })?;
        Ok(Self(body))
    }
}

/// A value of a JSON object. The types that serde derives would accept an array of their members too.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members(PhantomData)).map(Self)
    }
}

struct Members<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members))
    }
}

/// Deserializes an optional member that is an object.
pub(crate) fn object<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let object: Option<Object<T>> = Option::deserialize(deserializer)?;
    Ok(object.map(|Object(value)| value))
}

/// A form (`application/x-www-form-urlencoded`).
pub(crate) struct Form<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<State> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &State) -> Result<Self, Problem> {
        if media_type(request.headers()).as_deref() != Some("application/x-www-form-urlencoded") {
            let send = "send application/x-www-form-urlencoded";
            return Err(Problem::new("unsupported-media-type", send));
        }
        let bytes = read(request, state).await?;
        let form = serde_html_form::from_bytes(&bytes);
        let invalid = |_| vec![FieldError::new("", "invalid", "a parameter is missing or unknown")];
        form.map(Self).map_err(|error| Problem::invalid_body(invalid(error)))
    }
}

/// The query of the URI. Unknown parameters are errors.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<State> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let deserializer =
            serde_html_form::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
        serde_path_to_error::deserialize(deserializer).map(Self).map_err(|error| {
            let pointer = pointer(error.path());
            // The text of the crate quotes values, which can be personal.
            let text = error.inner().to_string();
            let detail = match text.strip_prefix("unknown field") {
                Some(rest) => format!("unknown parameter{rest}"),
                None => "has an invalid value".to_owned(),
            };
            Problem::invalid_query(vec![FieldError::new(pointer, "invalid", detail)])
        })
    }
}

/// Returns the media type of the body in lower case, without parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let media_type = value.split(';').next().unwrap_or_default();
    Some(media_type.trim().to_ascii_lowercase())
}

async fn read(request: Request, state: &State) -> Result<SecretBytes, Problem> {
    let (parts, body) = request.into_parts();
    let read = read_body(&parts.headers, body, MAX_BODY, state.options.body_timeout).await;
    read.map_err(|error| match error {
        BodyError::TooLarge => {
            Problem::new("too-large", format!("a body has at most {MAX_BODY} bytes"))
        }
        _ => Problem::new("incomplete-body", "the body did not arrive in full, or not in time"),
    })
}

/// Returns the error that serde reports, without the value that its text quotes. Those that
/// [`mistakes`] finds have no text of their own here.
fn json_error(pointer: String, error: &serde_json::Error) -> FieldError {
    if error.is_syntax() || error.is_eof() {
        let at = format!("not valid JSON at line {} column {}", error.line(), error.column());
        return FieldError::new(pointer, "syntax", at);
    }
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    match text.strip_prefix("duplicate field") {
        Some(rest) => {
            FieldError::new(pointer, "duplicate", format!("the member{rest} occurs twice"))
        }
        None => FieldError::new(pointer, "invalid", "has an invalid value"),
    }
}

/// Returns the JSON pointer of a path (RFC 6901).
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let escape = |text: &str| text.replace('~', "~0").replace('/', "~1");
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", escape(key)),
            Segment::Enum { variant } => format!("/{}", escape(variant)),
            Segment::Unknown => String::new(),
        })
        .collect()
}

/// Deserializes a member of a merge patch (RFC 7396): absent is `None`, `null` is `Some(None)`.
pub(crate) fn patch<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// Like [`patch`], for a member that is an object.
pub(crate) fn patch_object<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    object(deserializer).map(Some)
}

/// Deserializes a member of a merge patch that cannot be cleared: `null` is an error.
pub(crate) fn present<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// Collects the errors of members, so that all are reported at once.
#[derive(Default)]
pub(crate) struct Checks(Vec<FieldError>);

impl Checks {
    /// Parses the member at `pointer`. Returns `None` if it is absent or invalid.
    pub(crate) fn parse<T: std::str::FromStr<Err: ToString>>(
        &mut self,
        pointer: &str,
        text: Option<&str>,
    ) -> Option<T> {
        match text?.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.fail(pointer, error.to_string());
                None
            }
        }
    }

    /// Adds an error.
    pub(crate) fn fail(&mut self, pointer: &str, detail: impl Into<String>) {
        self.0.push(FieldError::new(pointer, "invalid", detail));
    }

    /// Returns the errors of the query, if there are any.
    pub(crate) fn finish_query(self) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(Problem::invalid_query(self.0)) }
    }

    /// Returns the errors of the body, if there are any.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(Problem::invalid_body(self.0)) }
    }
}
