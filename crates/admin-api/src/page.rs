//! Pages of lists.

use data_encoding::BASE64URL_NOPAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::problem::{FieldError, Problem};

/// The most items of a page.
const MAX_LIMIT: u32 = 200;

/// The parameters of a list without filters.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// The most items, 1 to 200. Default: 50.
    #[serde(default = "default_limit", deserialize_with = "limit")]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    pub(crate) limit: u32,
    /// The `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T: ToSchema> {
    /// The items.
    pub(crate) items: Vec<T>,
    /// The parameter `cursor` of the next page; `null` at the end.
    #[schema(required)]
    pub(crate) next_cursor: Option<String>,
}

impl<T: ToSchema> Page<T> {
    /// Returns the page of `items`, of which one more than `limit` was asked for. `key` is where
    /// the next page begins.
    pub(crate) fn new<K: Serialize>(
        mut items: Vec<T>,
        limit: u32,
        key: impl FnOnce(&T) -> K,
    ) -> Self {
        let has_more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let last = items.last().filter(|_| has_more).map(key);
        Self::until(items, last)
    }

    /// Returns a page that ends at the key `last`, or the last page.
    pub(crate) fn until<K: Serialize>(items: Vec<T>, last: Option<K>) -> Self {
        let next_cursor = last.map(|key| {
            // Texts, numbers and ids are always written.
            BASE64URL_NOPAD.encode(&serde_json::to_vec(&key).unwrap_or_default())
        });
        Self { items, next_cursor }
    }

    /// Returns a page of a short list.
    pub(crate) fn whole(items: Vec<T>) -> Self {
        Self { items, next_cursor: None }
    }
}

/// Returns the key that [`Page::new`] wrote into a cursor.
pub(crate) fn parse_cursor<K: DeserializeOwned>(
    cursor: Option<&str>,
) -> Result<Option<K>, Problem> {
    let Some(cursor) = cursor else { return Ok(None) };
    let json = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok();
    let key = json.and_then(|json| serde_json::from_slice(&json).ok());
    key.map(Some).ok_or_else(invalid_cursor)
}

/// Returns the problem of a cursor that no page had.
pub(crate) fn invalid_cursor() -> Problem {
    let error = FieldError::new("/cursor", "invalid", "is not a next_cursor of this list");
    Problem::invalid_query(vec![error])
}

/// Deserializes the parameter `limit`.
pub(crate) fn limit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let limit = u32::deserialize(deserializer)?;
    if (1..=MAX_LIMIT).contains(&limit) {
        Ok(limit)
    } else {
        Err(serde::de::Error::custom("a limit is 1 to 200"))
    }
}

pub(crate) const fn default_limit() -> u32 {
    50
}
