//! `/accounts`: create, list, read, change, delete and unlock.

mod change;
mod create;
mod list;

use axum::Json as Answer;
use axum::extract::Path;
use axum::http::header::ETAG;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use repass_core::jiff::Timestamp;
use repass_core::serde_json::{Map, Value};
use repass_core::{Account, AccountId, AccountWithCredential, AttemptKey, Realm, Scope, Subject};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Access;
use crate::account::{AccountView, LOCALE};
use crate::body::Checks;
use crate::etag::{etag, if_match};
use crate::problem::Problem;
use crate::state::State;

pub(crate) fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(create::create_account, list::list_accounts))
        .routes(routes!(read_account, change::change_account, delete_account))
        .routes(routes!(unlock_account))
}

/// An account with the state of its password.
#[derive(Debug, Serialize, ToSchema)]
struct AccountDetails {
    #[serde(flatten)]
    account: AccountView,
    /// When the password was set; `null` without a password.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    password_changed_at: Option<Timestamp>,
    /// Whether the account has a secret for time-based one-time passwords.
    otp_enrolled: bool,
    /// The failed attempts in a row.
    failures: u32,
    /// When the lockout ends; `null` if the account is not locked out.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    locked_until: Option<Timestamp>,
}

/// Returns an account.
#[utoipa::path(get, path = "/accounts/{id}", tag = "accounts", responses(
    (status = 200, description = "The account.", body = AccountDetails, headers(("etag" = String))),
))]
async fn read_account(access: Access, Path(path): Path<AccountPath>) -> Result<Response, Problem> {
    access.require(Scope::AccountsRead)?;
    let account = find(&access, &path.id).await?;
    let store = access.state.engine.administration().store();
    let found = find_by_user_id(&access, account.user_id.as_str()).await?;
    let credential = found.and_then(|found| found.credential);
    let attempts = store.attempts(&AttemptKey::account(account.id)).await?;
    let otp = store.otp(account.id).await?;
    let tag = etag(&account);
    let details = AccountDetails {
        account: account.into(),
        password_changed_at: credential.map(|credential| credential.changed_at),
        otp_enrolled: otp.sealed_secret.is_some(),
        failures: attempts.failures,
        locked_until: attempts.password_locked_until.filter(|until| *until > access.now()),
    };
    Ok(([(ETAG, tag)], Answer(details)).into_response())
}

/// Deletes an account with its passwords, tokens, attempts and events. The audit trail keeps its
/// id. If there is no such account, nothing is done.
#[utoipa::path(delete, path = "/accounts/{id}", tag = "accounts",
    params(("if-match" = Option<String>, Header, description = "The ETag of the account as it was read.")),
    responses(
        (status = 204, description = "There is no such account any more."),
        (status = 409, description = "`kept-elsewhere`", body = Problem),
        (status = 412, description = "`stale`", body = Problem),
    ))]
async fn delete_account(
    access: Access,
    Path(path): Path<AccountPath>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    access.require(Scope::AccountsWrite)?;
    let account = match find(&access, &path.id).await {
        Ok(account) => account,
        Err(problem) if problem.code() == "no-such-account" => return Ok(StatusCode::NO_CONTENT),
        Err(problem) => return Err(problem),
    };
    let (user_id, since) = (account.user_id.as_str(), if_match(&headers)?);
    access.administration(None).delete_account(&access.realm, user_id, since).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Clears the failed attempts of an account, which ends a lockout.
#[utoipa::path(post, path = "/accounts/{id}/unlock", tag = "accounts", responses(
    (status = 204, description = "The account is not locked out."),
))]
async fn unlock_account(
    access: Access,
    Path(path): Path<AccountPath>,
) -> Result<StatusCode, Problem> {
    access.require(Scope::AccountsWrite)?;
    let account = find(&access, &path.id).await?;
    access.administration(None).unlock(&access.realm, account.user_id.as_str()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The parameters of a path that names an account.
#[derive(Debug, Deserialize)]
pub(crate) struct AccountPath {
    pub(crate) id: String,
}

/// Returns the account of this id, if it is of the realm.
pub(crate) async fn find(access: &Access, id: &str) -> Result<Account, Problem> {
    let realm: &Realm = &access.realm;
    let store = access.state.engine.administration().store();
    let found = match id.parse() {
        Ok(id) => store.account(AccountId(id)).await?.filter(|account| account.realm == *realm),
        Err(_) => None,
    };
    found.ok_or_else(|| {
        Problem::new("no-such-account", format!("realm {realm} has no account of this id"))
    })
}

async fn find_by_user_id(
    access: &Access,
    user_id: &str,
) -> Result<Option<AccountWithCredential>, Problem> {
    let subject = Subject::new(access.realm.clone(), user_id);
    Ok(access.state.engine.administration().store().find(&subject).await?)
}

fn check_username(checks: &mut Checks, username: Option<&str>) {
    if let Some(Err(reason)) = username.map(repass_core::check_username) {
        checks.fail("/username", reason);
    }
}

/// Refuses an attribute that has a member of its own.
fn check_profile(checks: &mut Checks, profile: Option<&Map<String, Value>>) {
    if profile.is_some_and(|profile| profile.contains_key(LOCALE)) {
        checks.fail("/profile/locale", "send the member locale");
    }
}
