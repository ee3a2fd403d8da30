//! Keys.

use std::collections::BTreeSet;

use axum::Json as Answer;
use axum::extract::Path;
use axum::http::StatusCode;
use repass_core::jiff::Timestamp;
use repass_core::uuid::Uuid;
use repass_core::{AdministrationError, Key, KeyId, KeyKind, Scope};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Access, Client};
use crate::accounts::AccountPath;
use crate::body::{Checks, Json, Query, object};
use crate::page::{Page, PageQuery, invalid_cursor, parse_cursor};
use crate::problem::Problem;
use crate::state::State;

pub(crate) fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list_keys, issue_key)).routes(routes!(revoke_key))
}

/// A key.
#[derive(Debug, Serialize, ToSchema)]
struct KeyView {
    /// The id of the key, which is not secret.
    id: String,
    /// The realm for which it is valid.
    realm: String,
    /// `service`, `app`, `api` or `admin`.
    kind: &'static str,
    /// The name that was given to it.
    name: String,
    /// What an admin key allows.
    scopes: Vec<&'static str>,
    /// Whether an admin key is valid for all realms.
    all_realms: bool,
    /// When it was issued.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was revoked; `null` if it was not.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    revoked_at: Option<Timestamp>,
}

impl From<Key> for KeyView {
    fn from(key: Key) -> Self {
        Self {
            id: key.id.0.to_string(),
            realm: key.realm.into(),
            kind: key.kind.as_str(),
            name: key.name,
            scopes: key.scopes.iter().map(|scope| scope.as_str()).collect(),
            all_realms: key.all_realms,
            created_at: key.created_at,
            revoked_at: key.revoked_at,
        }
    }
}

/// Lists the keys of the realm, the oldest first, including revoked ones.
#[utoipa::path(get, path = "/keys", tag = "keys", params(PageQuery), responses(
    (status = 200, description = "A page of keys.", body = Page<KeyView>),
))]
async fn list_keys(
    access: Access,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<KeyView>>, Problem> {
    access.require(Scope::Keys)?;
    let after: Option<String> = parse_cursor(query.cursor.as_deref())?;
    let keys = access.state.engine.administration().store().keys(Some(&access.realm)).await?;
    let mut items: Vec<KeyView> = keys.into_iter().map(KeyView::from).collect();
    if let Some(after) = after {
        // Keys are never deleted.
        let last = items.iter().position(|key| key.id == after).ok_or_else(invalid_cursor)?;
        items.drain(..=last);
    }
    items.truncate(query.limit as usize + 1);
    Ok(Answer(Page::new(items, query.limit, |item| item.id.clone())))
}

/// A key to issue.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct IssueKey {
    /// `service`, `app`, `api` or `admin`.
    #[schema(pattern = "^(service|app|api|admin)$")]
    kind: String,
    /// A name for it: 1 to 100 characters on one line.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// What an admin key allows; only scopes that the caller's key has.
    #[serde(default)]
    scopes: Vec<String>,
    /// Whether an admin key is valid for all realms, as only a key of all realms may issue it.
    /// Default: `false`.
    #[serde(default)]
    all_realms: bool,
    /// The end user.
    #[serde(default, deserialize_with = "object")]
    client: Option<Client>,
}

/// An issued key.
#[derive(Serialize, ToSchema)]
struct IssuedKey {
    #[serde(flatten)]
    description: KeyView,
    /// The key, which is shown once. Keep it secret.
    key: String,
}

/// Issues a key for the realm.
#[utoipa::path(post, path = "/keys", tag = "keys", request_body = IssueKey, responses(
    (status = 201, description = "The key, which is shown once.", body = IssuedKey),
))]
async fn issue_key(
    access: Access,
    Json(body): Json<IssueKey>,
) -> Result<(StatusCode, Answer<IssuedKey>), Problem> {
    access.require(Scope::Keys)?;
    let mut checks = Checks::default();
    let kind: Option<KeyKind> = checks.parse("/kind", Some(&body.kind));
    if let Err(reason) = repass_core::check_key_name(&body.name) {
        checks.fail("/name", reason);
    }
    let scopes = body.scopes.iter().enumerate();
    let scopes: Vec<Option<Scope>> =
        scopes.map(|(at, scope)| checks.parse(&format!("/scopes/{at}"), Some(scope))).collect();
    let scopes: BTreeSet<Scope> = scopes.into_iter().flatten().collect();
    let is_other = kind.is_some_and(|kind| kind != KeyKind::Admin);
    if is_other && (body.all_realms || !body.scopes.is_empty()) {
        checks.fail("/kind", "only a key of kind admin has scopes or is for all realms");
    }
    checks.finish()?;
    let Some(kind) = kind else { return Err(Problem::new("invalid-body", "kind")) };
    if !scopes.is_subset(&access.key.scopes) || (body.all_realms && !access.key.all_realms) {
        return Err(Problem::new("scope-not-granted", "ask for less, or use another key"));
    }
    let administration = access.administration(body.client);
    let (realm, name) = (&access.realm, body.name.as_str());
    let (key, secret) = if kind == KeyKind::Admin {
        administration.issue_admin_key(realm, name, scopes, body.all_realms).await?
    } else {
        administration.issue_key(realm, kind, name).await?
    };
    let issued = IssuedKey { description: key.into(), key: secret.expose().to_owned() };
    Ok((StatusCode::CREATED, Answer(issued)))
}

/// Revokes a key. If there is no active key of this id in the realm, nothing is done.
#[utoipa::path(delete, path = "/keys/{id}", tag = "keys", responses(
    (status = 204, description = "The key is not valid."),
))]
async fn revoke_key(access: Access, Path(path): Path<AccountPath>) -> Result<StatusCode, Problem> {
    access.require(Scope::Keys)?;
    let Ok(id) = path.id.parse::<Uuid>().map(KeyId) else { return Ok(StatusCode::NO_CONTENT) };
    let key = access.state.engine.administration().store().key_by_id(id).await?;
    // A key of all realms can be revoked only by another one.
    let may = |key: &Key| key.realm == access.realm && (!key.all_realms || access.key.all_realms);
    if key.is_some_and(|key| may(&key)) {
        match access.administration(None).revoke_key(id).await {
            Ok(()) | Err(AdministrationError::NothingToRevoke(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(StatusCode::NO_CONTENT)
}
