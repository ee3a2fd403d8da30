//! Reset tokens.

use std::time::Duration;

use axum::Json as Answer;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use repass_core::jiff::Timestamp;
use repass_core::{Administration, ErrorChain, ResetToken, Scope, SignInName, TokenDigest};
use serde::{Deserialize, Serialize};
use tracing::Instrument;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Access, Client};
use crate::accounts::{AccountPath, find};
use crate::body::{Checks, Json, Query, object};
use crate::page::{Page, PageQuery, parse_cursor};
use crate::problem::Problem;
use crate::state::State;

/// The longest lifetime of a reset token.
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(issue_reset, list_resets, revoke_resets))
        .routes(routes!(request_reset))
}

/// A reset token to issue.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct IssueReset {
    /// `return` to return the token, `mail` to send a mail with a link to the holder.
    deliver: Deliver,
    /// The lifetime of the token, 1 to 86400 seconds. Default: 600.
    #[schema(minimum = 1, maximum = 86400)]
    lifetime: Option<u64>,
    /// The end user.
    #[serde(default, deserialize_with = "object")]
    client: Option<Client>,
}

/// How a reset token is delivered.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase", try_from = "String")]
enum Deliver {
    /// Returned to the caller.
    Return,
    /// Sent to the holder.
    Mail,
}

impl TryFrom<String> for Deliver {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        match text.as_str() {
            "return" => Ok(Self::Return),
            "mail" => Ok(Self::Mail),
            _ => Err("is return or mail"),
        }
    }
}

/// An issued reset token.
#[derive(Serialize, ToSchema)]
struct IssuedReset {
    /// The token, which is shown once. Keep it secret.
    token: String,
    /// When it expires.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Issues a reset token, which voids older ones.
#[utoipa::path(post, path = "/accounts/{id}/resets", tag = "resets", request_body = IssueReset,
    responses(
        (status = 201, description = "The token, which is shown once.", body = IssuedReset),
        (status = 202, description = "A mail will be sent."),
        (status = 409, description = "`mail-not-configured`", body = Problem),
    ))]
async fn issue_reset(
    access: Access,
    Path(path): Path<AccountPath>,
    Json(body): Json<IssueReset>,
) -> Result<Response, Problem> {
    access.require(Scope::Resets)?;
    let lifetime = body.lifetime.map_or(Administration::RESET_LIFETIME, Duration::from_secs);
    let mut checks = Checks::default();
    if lifetime.is_zero() || lifetime > MAX_LIFETIME {
        checks.fail("/lifetime", "is 1 to 86400 seconds");
    }
    checks.finish()?;
    let account = find(&access, &path.id).await?;
    let administration = access.administration(body.client);
    let user_id = account.user_id.as_str();
    match body.deliver {
        Deliver::Return => {
            let (token, secret) =
                administration.issue_reset(&access.realm, user_id, lifetime).await?;
            let issued =
                IssuedReset { token: secret.expose().to_owned(), expires_at: token.expires_at };
            Ok((StatusCode::CREATED, Answer(issued)).into_response())
        }
        Deliver::Mail => {
            require_mail(&access)?;
            administration.mail_reset(&access.realm, user_id, lifetime).await?;
            Ok(StatusCode::ACCEPTED.into_response())
        }
    }
}

fn require_mail(access: &Access) -> Result<(), Problem> {
    if access.state.options.mails_resets {
        return Ok(());
    }
    Err(Problem::new("mail-not-configured", "set mail.reset_url"))
}

/// The address whose holder asks for a reset.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RequestReset {
    /// The e-mail address, in any case.
    email: String,
    /// The end user.
    #[serde(default, deserialize_with = "object")]
    client: Option<Client>,
}

/// Sends a mail with a reset link to the active accounts of an e-mail address. The answer is the
/// same for an address without an account, and for an account that got too many of them in the last
/// hour, or one in the last minute.
#[utoipa::path(post, path = "/resets", tag = "resets", request_body = RequestReset, responses(
    (status = 202, description = "If there is such an account, a mail will be sent."),
    (status = 409, description = "`mail-not-configured`", body = Problem),
))]
async fn request_reset(
    access: Access,
    Json(body): Json<RequestReset>,
) -> Result<StatusCode, Problem> {
    access.require(Scope::Resets)?;
    require_mail(&access)?;
    let administration = access.administration(body.client);
    let per_hour = access.state.options.resets_per_hour;
    let realm = access.realm.clone();
    // The answer does not wait, so that its time does not show whether there is such an account.
    let mailing = async move {
        let (name, lifetime) = (SignInName::Email(body.email), Administration::RESET_LIFETIME);
        let requested = administration.request_reset(&realm, &name, per_hour, lifetime).await;
        if let Err(error) = requested {
            let error = ErrorChain(&error).to_string();
            tracing::error!(target: "repass::fault", error, "a requested reset was not mailed");
        }
    };
    access.state.tasks.spawn(mailing.in_current_span());
    Ok(StatusCode::ACCEPTED)
}

/// A reset token of an account.
#[derive(Debug, Serialize, ToSchema)]
struct ResetView {
    /// When it was issued.
    #[schema(value_type = String, format = DateTime)]
    issued_at: Timestamp,
    /// When it expires.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// When it was redeemed or voided; `null` if it was not.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    spent_at: Option<Timestamp>,
    /// Whether it is valid now.
    valid: bool,
}

impl ResetView {
    fn new(token: &ResetToken, now: Timestamp) -> Self {
        let ResetToken { issued_at, expires_at, spent_at, .. } = *token;
        let valid = spent_at.is_none() && expires_at > now;
        Self { issued_at, expires_at, spent_at, valid }
    }
}

/// Lists the reset tokens of an account, the latest first.
#[utoipa::path(get, path = "/accounts/{id}/resets", tag = "resets", params(PageQuery), responses(
    (status = 200, description = "A page of tokens.", body = Page<ResetView>),
))]
async fn list_resets(
    access: Access,
    Path(path): Path<AccountPath>,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<ResetView>>, Problem> {
    access.require(Scope::Resets)?;
    let account = find(&access, &path.id).await?;
    let after: Option<(Timestamp, [u8; 32])> = parse_cursor(query.cursor.as_deref())?;
    let after = after.map(|(at, digest)| (at, TokenDigest::from_bytes(digest)));
    let store = access.state.engine.administration().store();
    let tokens = store.reset_tokens(account.id, after, query.limit + 1).await?;
    let last = tokens.get(query.limit as usize - 1);
    let last = last.map(|token| (token.issued_at, *token.digest.as_bytes()));
    let items = tokens.iter().map(|token| ResetView::new(token, access.now())).collect();
    Ok(Answer(Page::new(items, query.limit, |_| last)))
}

/// Voids the reset tokens of an account.
#[utoipa::path(delete, path = "/accounts/{id}/resets", tag = "resets", responses(
    (status = 204, description = "No reset token of the account is valid."),
))]
async fn revoke_resets(
    access: Access,
    Path(path): Path<AccountPath>,
) -> Result<StatusCode, Problem> {
    access.require(Scope::Resets)?;
    let account = find(&access, &path.id).await?;
    access.administration(None).revoke_resets(&access.realm, account.user_id.as_str()).await?;
    Ok(StatusCode::NO_CONTENT)
}
