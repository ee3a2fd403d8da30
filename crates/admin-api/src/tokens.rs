//! Access tokens.

use std::time::Duration;

use axum::Json as Answer;
use axum::extract::Path;
use axum::http::StatusCode;
use repass_core::jiff::Timestamp;
use repass_core::uuid::Uuid;
use repass_core::{AccessToken, AdministrationError, HeldToken, Plaintext, Scope, TokenId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Access, Client};
use crate::accounts::{AccountPath, find};
use crate::body::{Checks, Form, Json, Query, object};
use crate::page::{Page, PageQuery, parse_cursor};
use crate::problem::Problem;
use crate::state::State;

pub(crate) fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(list_tokens, issue_token, revoke_tokens))
        .routes(routes!(revoke_token))
        .routes(routes!(introspect_token))
}

/// An issued access token.
#[derive(Serialize, ToSchema)]
pub(crate) struct IssuedToken {
    /// The token, which is shown once. Keep it secret.
    access_token: String,
    /// The id of the token, which is not secret.
    token_id: String,
    /// When it expires.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl From<(AccessToken, Plaintext)> for IssuedToken {
    fn from((token, secret): (AccessToken, Plaintext)) -> Self {
        Self {
            access_token: secret.expose().to_owned(),
            token_id: token.id.0.to_string(),
            expires_at: token.expires_at,
        }
    }
}

/// Checks the roles of a token and its lifetime in seconds.
pub(crate) fn lifetime(
    access: &Access,
    roles: &[String],
    seconds: Option<u64>,
) -> Result<Duration, Problem> {
    const DEFAULT: Duration = Duration::from_secs(3600);
    let max = access.state.options.max_token_lifetime;
    let lifetime = seconds.map_or(DEFAULT.min(max), Duration::from_secs);
    let mut checks = Checks::default();
    for (at, role) in roles.iter().enumerate() {
        // An introspection separates them by blanks, and databases refuse some control characters.
        if role.is_empty() || role.contains(|c: char| c.is_whitespace() || c.is_control()) {
            checks.fail(&format!("/roles/{at}"), "is a text without white space");
        }
    }
    if lifetime.is_zero() || lifetime > max {
        checks.fail("/lifetime", format!("is 1 to {} seconds", max.as_secs()));
    }
    checks.finish()?;
    Ok(lifetime)
}

/// An access token of an account.
#[derive(Debug, Serialize, ToSchema)]
struct TokenView {
    /// The id of the token, which is not secret.
    id: String,
    /// The roles of the token.
    roles: Vec<String>,
    /// When it was issued.
    #[schema(value_type = String, format = DateTime)]
    issued_at: Timestamp,
    /// When it expires.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// When it was revoked; `null` if it was not, or by a change of the password.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    revoked_at: Option<Timestamp>,
    /// When it was last used, to ten minutes; `null` if it was not.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    last_used_at: Option<Timestamp>,
    /// The end user's address at the issue, as the caller said it.
    #[schema(required)]
    ip_address: Option<String>,
    /// The end user's browser or app at the issue, as the caller said it.
    #[schema(required)]
    user_agent: Option<String>,
    /// Whether it is valid now.
    valid: bool,
}

impl TokenView {
    fn new(held: HeldToken, now: Timestamp) -> Self {
        let valid = held.is_valid_at(now);
        let token = held.token;
        Self {
            id: token.id.0.to_string(),
            roles: token.roles,
            issued_at: token.issued_at,
            expires_at: token.expires_at,
            revoked_at: token.revoked_at,
            last_used_at: token.last_used_at,
            ip_address: token.ip_address,
            user_agent: token.user_agent,
            valid,
        }
    }
}

/// Lists the access tokens of an account, the latest first.
#[utoipa::path(get, path = "/accounts/{id}/tokens", tag = "tokens", params(PageQuery), responses(
    (status = 200, description = "A page of tokens.", body = Page<TokenView>),
))]
async fn list_tokens(
    access: Access,
    Path(path): Path<AccountPath>,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<TokenView>>, Problem> {
    access.require(Scope::Tokens)?;
    let account = find(&access, &path.id).await?;
    let after: Option<(Timestamp, TokenId)> = parse_cursor(query.cursor.as_deref())?;
    let store = access.state.engine.administration().store();
    let tokens = store.access_tokens(account.id, after, query.limit + 1).await?;
    let items = tokens.into_iter().map(|held| TokenView::new(held, access.now())).collect();
    Ok(Answer(Page::new(items, query.limit, |token| (token.issued_at, token.id.clone()))))
}

/// An access token to issue.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct IssueToken {
    /// The roles of the token, without white space.
    #[serde(default)]
    roles: Vec<String>,
    /// The lifetime of the token in seconds. Default: 3600.
    #[schema(minimum = 1)]
    lifetime: Option<u64>,
    /// The end user.
    #[serde(default, deserialize_with = "object")]
    client: Option<Client>,
}

/// Issues an access token for an account without its password.
#[utoipa::path(post, path = "/accounts/{id}/tokens", tag = "tokens", request_body = IssueToken,
    responses(
        (status = 201, description = "The token, which is shown once.", body = IssuedToken),
        (status = 409, description = "`account-inactive`", body = Problem),
    ))]
async fn issue_token(
    access: Access,
    Path(path): Path<AccountPath>,
    Json(body): Json<IssueToken>,
) -> Result<(StatusCode, Answer<IssuedToken>), Problem> {
    access.require(Scope::Tokens)?;
    let lifetime = lifetime(&access, &body.roles, body.lifetime)?;
    let account = find(&access, &path.id).await?;
    let user_id = account.user_id.as_str();
    let administration = access.administration(body.client);
    let issued = administration.issue_token(&access.realm, user_id, body.roles, lifetime).await?;
    Ok((StatusCode::CREATED, Answer(issued.into())))
}

/// Revokes all access tokens of an account.
#[utoipa::path(delete, path = "/accounts/{id}/tokens", tag = "tokens", responses(
    (status = 204, description = "No token that was issued before is valid."),
))]
async fn revoke_tokens(
    access: Access,
    Path(path): Path<AccountPath>,
) -> Result<StatusCode, Problem> {
    access.require(Scope::Tokens)?;
    let account = find(&access, &path.id).await?;
    access.administration(None).revoke_tokens(&access.realm, account.user_id.as_str()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Revokes an access token. If it is not valid, nothing is done.
#[utoipa::path(delete, path = "/tokens/{id}", tag = "tokens", responses(
    (status = 204, description = "The token is not valid."),
))]
async fn revoke_token(
    access: Access,
    Path(path): Path<AccountPath>,
) -> Result<StatusCode, Problem> {
    access.require(Scope::Tokens)?;
    let Ok(id) = path.id.parse::<Uuid>().map(TokenId) else { return Ok(StatusCode::NO_CONTENT) };
    let store = access.state.engine.administration().store();
    let held = store.access_token_by_id(id).await?;
    if held.is_some_and(|held| held.realm == access.realm) {
        match access.administration(None).revoke_token(id).await {
            Ok(()) | Err(AdministrationError::NothingToRevoke(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// A token to introspect (RFC 7662, 2.1).
#[derive(Debug, Deserialize, ToSchema)]
struct Introspect {
    /// The token.
    #[schema(value_type = String)]
    token: Plaintext,
    /// Ignored: there is one type.
    #[serde(default, rename = "token_type_hint")]
    _token_type_hint: Option<String>,
}

/// The state of a token (RFC 7662, 2.2). A token that is not valid has the member `active` only.
#[derive(Debug, Default, Serialize, ToSchema)]
struct Introspection {
    /// Whether the token is valid.
    active: bool,
    /// The user id of its holder.
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    /// The id of its holder's account.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    /// The roles, separated by blanks.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    /// Always `access_token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    /// The id of the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    /// When it was issued, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    /// When it expires, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
}

/// Returns whether an access token is valid, and whose it is (RFC 7662).
#[utoipa::path(post, path = "/tokens/introspect", tag = "tokens",
    request_body(content = Introspect, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The state of the token.", body = Introspection)))]
async fn introspect_token(
    access: Access,
    Form(form): Form<Introspect>,
) -> Result<Answer<Introspection>, Problem> {
    access.require(Scope::Tokens)?;
    let held = access.state.engine.valid_token(&access.realm, &form.token).await?;
    let Some(held) = held else {
        return Ok(Answer(Introspection::default()));
    };
    Ok(Answer(Introspection {
        active: true,
        sub: Some(held.user_id.into()),
        account: Some(held.token.account.to_string()),
        scope: Some(held.token.roles.join(" ")),
        token_type: Some("access_token"),
        jti: Some(held.token.id.0.to_string()),
        iat: Some(held.token.issued_at.as_second()),
        exp: Some(held.token.expires_at.as_second()),
    }))
}
