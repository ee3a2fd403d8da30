//! The audit trail.

use std::collections::HashMap;
use std::time::Duration;

use axum::Json as Answer;
use axum::body::Body;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use repass_core::jiff::Timestamp;
use repass_core::uuid::Uuid;
use repass_core::{
    AccountId, AdministrationStore, AuditFilter, AuditRecord, Context, ErrorChain, Scope,
    StoreError,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Access;
use crate::body::Query;
use crate::page::{Page, default_limit, limit, parse_cursor};
use crate::problem::{FieldError, Problem};
use crate::state::State;

/// The media type of records without end.
pub(crate) const NDJSON: &str = "application/x-ndjson";

/// The time between two looks for new records.
const POLL: Duration = Duration::from_secs(1);

/// How late a record may become visible, since transactions do not end in the order of their times.
const LATE: Duration = Duration::from_secs(30);

/// The most records of one look.
const PAGE: u32 = 1000;

pub(crate) fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list_audit))
}

/// An audit record.
#[derive(Debug, Serialize, ToSchema)]
struct AuditView {
    /// The id of the record.
    id: String,
    /// When it was written.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The id of the account, if there is one.
    #[schema(required)]
    account: Option<String>,
    /// The action, such as `password.change`.
    action: String,
    /// The outcome, such as `ok` or `wrong-password`.
    outcome: String,
    /// Further facts.
    #[schema(required)]
    detail: Option<String>,
    /// The caller: `key:`, `token:` or `operator:` and its name, or `anonymous`.
    caller: String,
    /// The origin of the request.
    context: ContextView,
}

/// The origin of a request.
#[derive(Debug, Serialize, ToSchema)]
struct ContextView {
    /// The API that the request came through.
    source: String,
    /// The id of the request.
    #[schema(required)]
    request_id: Option<String>,
    /// The `traceparent` of the request (W3C Trace Context).
    #[schema(required)]
    traceparent: Option<String>,
    /// The address of the client.
    #[schema(required)]
    peer: Option<String>,
    /// The end user's address, as the client says.
    #[schema(required)]
    ip_address: Option<String>,
    /// The end user's browser, as the client says.
    #[schema(required)]
    user_agent: Option<String>,
    /// The end user's session, as the client says.
    #[schema(required)]
    session: Option<String>,
    /// The channel, as the client says.
    #[schema(required)]
    channel: Option<String>,
    /// The end user's name, or the person whom the client acts for, as the client says.
    #[schema(required)]
    on_behalf_of: Option<String>,
    /// The language, as the client says.
    #[schema(required)]
    language: Option<String>,
}

impl From<AuditRecord> for AuditView {
    fn from(record: AuditRecord) -> Self {
        let Context {
            source,
            request_id,
            traceparent,
            peer,
            ip_address,
            user_agent,
            session,
            channel,
            display_name,
            language,
        } = record.context;
        Self {
            id: record.id.to_string(),
            at: record.at,
            account: record.account.map(|id| id.to_string()),
            action: record.action,
            outcome: record.outcome,
            detail: record.detail,
            caller: record.caller,
            context: ContextView {
                source,
                request_id,
                traceparent,
                peer,
                ip_address,
                user_agent,
                session,
                channel,
                on_behalf_of: display_name,
                language,
            },
        }
    }
}

/// The filters of a list of audit records.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListAudit {
    /// Only records of the account of this id.
    account: Option<String>,
    /// Only records of this action.
    action: Option<String>,
    /// Only records with this outcome.
    outcome: Option<String>,
    /// Only records of this time or later.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Only records before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// The most items of a page, 1 to 200. Default: 50.
    #[serde(default = "default_limit", deserialize_with = "limit")]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: u32,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists audit records, the newest first. With `Accept: application/x-ndjson`, the answer has one
/// record in each line, oldest first, and does not end: new records follow. It begins at `since`,
/// or now.
#[utoipa::path(get, path = "/audit", tag = "audit", params(ListAudit), responses(
    (status = 200, description = "A page of records as JSON, or one record in each line.", content(
        (Page<AuditView> = "application/json"), (AuditView = "application/x-ndjson"))),
))]
async fn list_audit(
    access: Access,
    headers: HeaderMap,
    Query(query): Query<ListAudit>,
) -> Result<Response, Problem> {
    access.require(Scope::AuditRead)?;
    let invalid = |name: &str, detail: &str| {
        Problem::invalid_query(vec![FieldError::new(format!("/{name}"), "invalid", detail)])
    };
    let account: Option<Uuid> = match query.account.as_deref().map(str::parse) {
        None => None,
        Some(Ok(id)) => Some(id),
        Some(Err(_)) => return Err(invalid("account", "is not the id of an account")),
    };
    for (name, text) in [("action", &query.action), ("outcome", &query.outcome)] {
        // Databases refuse some of them.
        if text.as_ref().is_some_and(|text| text.contains(char::is_control)) {
            return Err(invalid(name, "has control characters"));
        }
    }
    let filter = AuditFilter {
        realm: Some(access.realm.clone()),
        account: account.map(AccountId),
        action: query.action,
        outcome: query.outcome,
        since: query.since,
        until: query.until,
        after: parse_cursor(query.cursor.as_deref())?,
        oldest_first: false,
        limit: query.limit + 1,
    };
    if accepts_lines(&headers) {
        if filter.after.is_some() || filter.until.is_some() {
            return Err(invalid("cursor", "records without end have no cursor and no end"));
        }
        return Ok(follow(access, filter));
    }
    let records = access.state.engine.administration().store().audit(&filter).await?;
    let mut keys: HashMap<String, (Timestamp, Uuid)> = HashMap::new();
    for record in &records {
        keys.insert(record.id.to_string(), (record.at, record.id));
    }
    let items: Vec<AuditView> = records.into_iter().map(AuditView::from).collect();
    Ok(Answer(Page::new(items, query.limit, |item| keys.get(&item.id).copied())).into_response())
}

/// Returns whether `Accept` (RFC 9110, 12.5.1) names lines, and not a page before them.
fn accepts_lines(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let ranges = values.flat_map(|value| value.split(','));
    let mut types = ranges.filter_map(|range| range.split(';').next()).map(str::trim);
    let formats = [NDJSON, "application/json"];
    let first =
        types.find_map(|name| formats.iter().find(|other| name.eq_ignore_ascii_case(other)));
    first == Some(&NDJSON)
}

/// Returns the records since `filter.since`, and then new ones until the client disconnects. A page
/// is read when the client has taken the one before.
fn follow(access: Access, filter: AuditFilter) -> Response {
    let since = filter.since.or_else(|| Some(access.now()));
    let filter = AuditFilter { since, oldest_first: true, limit: PAGE, ..filter };
    let follower = Follower { access, filter, sent: HashMap::new(), waits: false };
    let records = stream::unfold(follower, |mut follower| async move {
        let lines = follower.next().await?;
        Some((Ok::<_, std::convert::Infallible>(lines), follower))
    });
    let mut response = Body::from_stream(records).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(NDJSON));
    response
}

struct Follower {
    access: Access,
    /// The filter of the next page.
    filter: AuditFilter,
    /// The records since `filter.since` that are sent.
    sent: HashMap<Uuid, Timestamp>,
    /// Whether all records were sent, so that the next look is after a while.
    waits: bool,
}

impl Follower {
    /// Waits for the next records. Returns their lines, or an empty line after a while, so that a
    /// connection that is gone is noticed. `None` if the database failed, the key was revoked, or
    /// the server stops.
    async fn next(&mut self) -> Option<Bytes> {
        if self.waits {
            tokio::time::sleep(POLL).await;
        }
        if self.access.state.tasks.is_closed() {
            return None;
        }
        let store = self.access.state.engine.administration().store();
        let page = match self.page(store).await {
            Ok(Some(page)) => page,
            Ok(None) => return None,
            Err(error) => {
                let error = ErrorChain(&error).to_string();
                tracing::warn!(%error, "a list of audit records without end was ended");
                return None;
            }
        };
        self.waits = page.len() < PAGE as usize;
        if let Some(newest) = page.last() {
            // The next look begins again with records that may become visible late.
            self.filter.after = (!self.waits).then_some((newest.at, newest.id));
            let since = newest.at.checked_sub(LATE).unwrap_or(newest.at);
            self.filter.since = self.filter.since.max(Some(since));
        } else {
            self.filter.after = None;
        }
        let mut lines = Vec::new();
        for record in page {
            if self.sent.insert(record.id, record.at).is_none() {
                // Texts, numbers and times are always written.
                let _ = serde_json::to_writer(&mut lines, &AuditView::from(record));
                lines.push(b'\n');
            }
        }
        self.sent.retain(|_, at| Some(*at) >= self.filter.since);
        if lines.is_empty() {
            lines.push(b'\n');
        }
        Some(lines.into())
    }

    /// Reads the next page; `None` if the key was revoked.
    async fn page(
        &self,
        store: &dyn AdministrationStore,
    ) -> Result<Option<Vec<AuditRecord>>, StoreError> {
        let key = store.key_by_id(self.access.key.id).await?;
        if key.is_none_or(|key| key.revoked_at.is_some()) {
            return Ok(None);
        }
        store.audit(&self.filter).await.map(Some)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use axum::http::Request;
    use axum::http::header::AUTHORIZATION;
    use futures_util::StreamExt;
    use repass_core::{Engine, InstallationKey, KeyKind, Realm, SystemRandomness};
    use repass_testkit::MemoryStore;
    use repass_testkit::fixtures::ConstantHasher;
    use serde_json::Value;
    use tower::ServiceExt;

    use super::*;
    use crate::{AdminApi, Options};

    #[test]
    fn lines_are_asked_for_by_name_and_before_a_page() {
        let accepts = |values: &[&'static str]| {
            let value = |value: &&'static str| (ACCEPT, HeaderValue::from_static(value));
            accepts_lines(&values.iter().map(value).collect())
        };
        assert!(accepts(&["application/x-ndjson"]));
        assert!(accepts(&["Application/X-NDJSON; charset=utf-8, */*;q=0.1"]));
        assert!(accepts(&["text/plain", "application/x-ndjson,application/json"]));
        for page in [&[][..], &["*/*"], &["application/json, application/x-ndjson"]] {
            assert!(!accepts(page), "{page:?}");
        }
    }

    #[tokio::test]
    async fn a_stream_has_each_record_once_oldest_first_page_by_page() {
        let key = InstallationKey::generate(&SystemRandomness).unwrap();
        let hasher = Arc::new(ConstantHasher::new(|_| true));
        let engine = Engine::builder(Arc::new(MemoryStore::new()), hasher, key).build();
        let administration = engine.administration();
        let realm: Realm = "etna".parse().unwrap();
        let scopes = BTreeSet::from([Scope::AuditRead]);
        let issued = administration.issue_admin_key(&realm, "reader", scopes, false).await;
        let secret = issued.unwrap().1;
        let count = 2 * PAGE as usize + 1;
        for _ in 1..count {
            administration.issue_key(&realm, KeyKind::App, "app").await.unwrap();
        }

        let request = Request::get("/admin/v1/realms/etna/audit?since=2000-01-01T00:00:00Z")
            .header(ACCEPT, NDJSON)
            .header(AUTHORIZATION, format!("Bearer {}", secret.expose()))
            .body(Body::empty());
        let api = AdminApi::new(engine.clone(), Options::default());
        let response = api.oneshot(request.unwrap()).await.unwrap();
        let mut body = response.into_body().into_data_stream();
        let (mut pages, mut ids, mut times) = (0, BTreeSet::new(), Vec::new());
        while times.len() < count {
            let lines = body.next().await.unwrap().unwrap();
            pages += 1;
            for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                let record: Value = serde_json::from_slice(line).unwrap();
                ids.insert(record["id"].as_str().unwrap().to_owned());
                times.push(record["at"].as_str().unwrap().parse::<Timestamp>().unwrap());
            }
        }
        assert_eq!((pages, times.len(), ids.len()), (3, count, count));
        assert!(times.is_sorted());
    }
}
