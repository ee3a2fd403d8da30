use crate::encoding::Charset;
use crate::media_type::MediaType;

/// The format of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentFormat {
    /// `application/json`, or `text/json`.
    Json,
    /// `application/xml`, or `text/xml`.
    Xml,
    /// `application/x-www-form-urlencoded`; for requests only.
    Form,
}

impl ContentFormat {
    const ALL: [Self; 3] = [Self::Json, Self::Xml, Self::Form];

    /// Returns the media type that a client sends.
    pub(crate) const fn media_type(self) -> &'static str {
        self.media_types()[0]
    }

    /// Returns the format and the charset of a body of this type. `None` if it is not supported.
    pub(crate) fn from_media_type(media: &MediaType) -> Option<(Self, Charset)> {
        let format = Self::ALL
            .into_iter()
            .find(|format| format.media_types().iter().any(|media_type| media.is(media_type)))?;
        Some((format, media.charset.unwrap_or(Charset::Utf8)))
    }

    const fn media_types(self) -> &'static [&'static str] {
        match self {
            Self::Json => &["application/json", "text/json"],
            Self::Xml => &["application/xml", "text/xml"],
            Self::Form => &["application/x-www-form-urlencoded"],
        }
    }
}
