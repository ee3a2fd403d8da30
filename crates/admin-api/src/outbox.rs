//! Events and their deliveries.

use axum::Json as Answer;
use repass_core::jiff::Timestamp;
use repass_core::serde_json::Value;
use repass_core::uuid::Uuid;
use repass_core::{AdministrationError, Delivery, DeliveryState, OutboxEntry, OutboxFilter, Scope};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Access, Client};
use crate::body::{Checks, Json, Query, object};
use crate::page::{Page, default_limit, limit, parse_cursor};
use crate::problem::{FieldError, Problem};
use crate::state::State;

/// The most events that one call retries or discards.
const MAX_EVENTS: u32 = 1000;

pub(crate) fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(list_events))
        .routes(routes!(retry_events))
        .routes(routes!(discard_events))
}

/// An event and its deliveries.
#[derive(Debug, Serialize, ToSchema)]
struct EventView {
    /// The id of the event.
    id: String,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The id of the account.
    account: String,
    /// The kind of the event, such as `password.changed`.
    kind: String,
    /// Further facts.
    #[schema(value_type = Map<String, Value>)]
    payload: Value,
    /// `pending`, `delivered` or `discarded`.
    state: &'static str,
    /// When it can first be delivered.
    #[schema(value_type = String, format = DateTime)]
    due_at: Timestamp,
    /// The deliveries that were tried.
    deliveries: Vec<DeliveryView>,
}

/// The delivery of an event to one channel.
#[derive(Debug, Serialize, ToSchema)]
struct DeliveryView {
    /// The channel.
    channel: String,
    /// `pending`, `delivered` or `discarded`.
    state: &'static str,
    /// How often it was tried.
    tries: u32,
    /// When it is tried next, if it is pending.
    #[schema(value_type = String, format = DateTime)]
    due_at: Timestamp,
    /// The error of the last failed try.
    #[schema(required)]
    error: Option<String>,
}

impl From<OutboxEntry> for EventView {
    fn from(entry: OutboxEntry) -> Self {
        let OutboxEntry { event, state, due_at, deliveries } = entry;
        Self {
            id: event.id.to_string(),
            at: event.at,
            account: event.account.to_string(),
            payload: event.public_payload(),
            kind: event.kind,
            state: state.as_str(),
            due_at,
            deliveries: deliveries.into_iter().map(DeliveryView::from).collect(),
        }
    }
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        let Delivery { channel, state, tries, due_at, error } = delivery;
        Self { channel, state: state.as_str(), tries, due_at, error }
    }
}

/// The filters of a list of events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListEvents {
    /// Only events of this state: `pending`, `delivered` or `discarded`.
    state: Option<String>,
    /// The most items, 1 to 200. Default: 50.
    #[serde(default = "default_limit", deserialize_with = "limit")]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: u32,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists the events of the realm, the newest first.
#[utoipa::path(get, path = "/outbox", tag = "outbox", params(ListEvents), responses(
    (status = 200, description = "A page of events.", body = Page<EventView>),
))]
async fn list_events(
    access: Access,
    Query(query): Query<ListEvents>,
) -> Result<Answer<Page<EventView>>, Problem> {
    access.require(Scope::Outbox)?;
    let state = match query.state.as_deref().map(DeliveryState::from_name) {
        None => None,
        Some(Some(state)) => Some(state),
        Some(None) => {
            let detail = "is not pending, delivered or discarded";
            return Err(Problem::invalid_query(vec![FieldError::new("/state", "invalid", detail)]));
        }
    };
    let before: Option<(Timestamp, Uuid)> = parse_cursor(query.cursor.as_deref())?;
    let realm = Some(access.realm.clone());
    let filter = OutboxFilter { realm, state, before, limit: query.limit + 1 };
    let entries = access.state.engine.administration().store().entries(&filter).await?;
    let last = entries.get(query.limit as usize - 1).map(|entry| (entry.event.at, entry.event.id));
    let items = entries.into_iter().map(EventView::from).collect();
    Ok(Answer(Page::new(items, query.limit, |_| last)))
}

/// The events of a call: the ids, or all that are discarded.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Events {
    /// The ids of the events, at most 1000.
    #[serde(default)]
    #[schema(max_items = 1000)]
    ids: Vec<String>,
    /// All events that were given up, at most 1000 in one call. Default: `false`.
    #[serde(default)]
    all: bool,
    /// The end user.
    #[serde(default, deserialize_with = "object")]
    client: Option<Client>,
}

/// The number of events that a call changed.
#[derive(Debug, Serialize, ToSchema)]
struct Counted {
    /// The number of events.
    events: usize,
}

/// Delivers events again now that were given up or wait for their next try.
#[utoipa::path(post, path = "/outbox/retry", tag = "outbox", request_body = Events, responses(
    (status = 200, description = "They will be delivered.", body = Counted),
))]
async fn retry_events(
    access: Access,
    Json(body): Json<Events>,
) -> Result<Answer<Counted>, Problem> {
    access.require(Scope::Outbox)?;
    let ids = ids(&access, &body).await?;
    let administration = access.administration(body.client);
    let mut events = 0;
    for id in ids {
        events += count(administration.retry_event(Some(&access.realm), id).await.map(drop))?;
    }
    Ok(Answer(Counted { events }))
}

/// Deletes events. The audit records of what they report are kept.
#[utoipa::path(post, path = "/outbox/discard", tag = "outbox", request_body = Events, responses(
    (status = 200, description = "They will not be delivered.", body = Counted),
))]
async fn discard_events(
    access: Access,
    Json(body): Json<Events>,
) -> Result<Answer<Counted>, Problem> {
    access.require(Scope::Outbox)?;
    let ids = ids(&access, &body).await?;
    let administration = access.administration(body.client);
    let mut events = 0;
    for id in ids {
        events += count(administration.drop_event(Some(&access.realm), id).await.map(drop))?;
    }
    Ok(Answer(Counted { events }))
}

/// Returns the ids of the events, which may be of another realm.
async fn ids(access: &Access, body: &Events) -> Result<Vec<Uuid>, Problem> {
    let mut checks = Checks::default();
    if body.ids.len() > MAX_EVENTS as usize {
        checks.fail("/ids", format!("has at most {MAX_EVENTS} ids"));
    }
    if body.all != body.ids.is_empty() {
        checks.fail("", "send either ids or all");
    }
    let ids = body.ids.iter().enumerate();
    let ids = ids.map(|(at, id)| checks.parse::<Uuid>(&format!("/ids/{at}"), Some(id)));
    let ids: Vec<Option<Uuid>> = ids.collect();
    checks.finish()?;
    if !body.all {
        return Ok(ids.into_iter().flatten().collect());
    }
    let filter = OutboxFilter {
        realm: Some(access.realm.clone()),
        state: Some(DeliveryState::Discarded),
        before: None,
        limit: MAX_EVENTS,
    };
    let entries = access.state.engine.administration().store().entries(&filter).await?;
    Ok(entries.into_iter().map(|entry| entry.event.id).collect())
}

/// Counts an event, unless it is of another realm, or was delivered or deleted.
fn count(result: Result<(), AdministrationError>) -> Result<usize, Problem> {
    match result {
        Ok(()) => Ok(1),
        Err(AdministrationError::NoSuchEvent(_)) => Ok(0),
        Err(error) => Err(error.into()),
    }
}
