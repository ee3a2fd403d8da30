use axum::Json as Answer;
use axum::http::StatusCode;
use axum::http::header::{ETAG, LOCATION};
use axum::response::{IntoResponse, Response};
use repass_account_file::parse_format;
use repass_core::serde_json::{Map, Value};
use repass_core::{
    AdministrationError, FirstPassword, NewAccount, Normalization, Plaintext, Scope, UserId,
};
use repass_hash_families::ExportedHash;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{check_profile, check_username, find_by_user_id};
use crate::access::{Access, Client};
use crate::account::{AccountView, NewName, profile};
use crate::body::{Checks, Json, object};
use crate::etag::etag;
use crate::import::defaults;
use crate::problem::Problem;

/// An account to create. Without a password and a hash, a reset sets the first password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateAccount {
    /// The id that the vendors' APIs name the account by: 1 to 320 bytes.
    #[schema(min_length = 1, max_length = 320)]
    user_id: String,
    /// The e-mail address.
    email: Option<String>,
    /// The name the user signs in with: 1 to 320 characters.
    #[schema(min_length = 1, max_length = 320)]
    username: Option<String>,
    /// The names of the user.
    #[serde(default, deserialize_with = "object")]
    name: Option<NewName>,
    /// The language of the user (BCP 47).
    locale: Option<String>,
    /// Further attributes, which vendors' APIs return.
    #[serde(default)]
    #[schema(value_type = Map<String, Value>)]
    profile: Map<String, Value>,
    /// Whether the account may be used. Default: `true`.
    active: Option<bool>,
    /// The password, which the policy evaluates.
    #[schema(value_type = Option<String>)]
    password: Option<Plaintext>,
    /// The hash of the password as another system stored it, instead of the password.
    #[schema(value_type = Option<String>)]
    password_hash: Option<Plaintext>,
    /// The format of the hash, as `repass account import --help` lists them. Default: it is
    /// recognized.
    hash_format: Option<String>,
    /// The salt, for formats that store it apart.
    #[schema(value_type = Option<String>)]
    hash_salt: Option<Plaintext>,
    /// The end user.
    #[serde(default, deserialize_with = "object")]
    client: Option<Client>,
}

/// Creates an account.
#[utoipa::path(post, path = "/accounts", tag = "accounts", request_body = CreateAccount, responses(
    (status = 201, description = "The account is created.", body = AccountView,
     headers(("location" = String), ("etag" = String))),
    (status = 409, description = "`user-id-taken`, `email-taken` or `username-taken`; the member \
     `account` has the id of the account that has it.", body = Problem),
    (status = 422, description = "`password-rejected`", body = Problem),
))]
pub(super) async fn create_account(
    access: Access,
    Json(mut body): Json<CreateAccount>,
) -> Result<Response, Problem> {
    access.require(Scope::AccountsWrite)?;
    let mut checks = Checks::default();
    let user_id: Option<UserId> = checks.parse("/user_id", Some(&body.user_id));
    let email = checks.parse("/email", body.email.as_deref());
    check_username(&mut checks, body.username.as_deref());
    check_profile(&mut checks, Some(&body.profile));
    let password = first_password(&mut body, &mut checks, &access);
    checks.finish()?;
    // Without an error, it is there.
    let Some(user_id) = user_id else { return Err(Problem::new("invalid-body", "user_id")) };
    let new = NewAccount {
        realm: access.realm.clone(),
        user_id,
        email,
        username: body.username,
        profile: profile(body.name.unwrap_or_default(), body.locale, body.profile),
    };
    let user_id = new.user_id.clone();
    let created = access
        .administration(body.client)
        .create_account(new, password, body.active.unwrap_or(true))
        .await;
    let account = match created {
        Err(error @ AdministrationError::AccountExists { .. }) => {
            // It may be deleted meanwhile.
            let other = find_by_user_id(&access, user_id.as_str()).await?;
            return Err(other.map_or_else(
                || error.into(),
                |found| Problem::taken("user-id-taken", found.account.id),
            ));
        }
        created => created?,
    };
    let location = format!("/admin/v1/realms/{}/accounts/{}", access.realm, account.id);
    let headers = [(LOCATION, location)];
    Ok((StatusCode::CREATED, headers, [(ETAG, etag(&account))], Answer(AccountView::from(account)))
        .into_response())
}

/// Returns the first password of the body.
fn first_password(body: &mut CreateAccount, checks: &mut Checks, access: &Access) -> FirstPassword {
    let format = body.hash_format.as_deref().map(parse_format).transpose();
    if let Err(reason) = &format {
        checks.fail("/hash_format", reason.as_str());
    }
    let hash = match (body.password.take(), body.password_hash.take()) {
        (Some(_), Some(_)) => {
            checks.fail("/password_hash", "send password or password_hash, not both");
            return FirstPassword::None;
        }
        (None, Some(hash)) => hash,
        (password, None) => {
            if body.hash_format.is_some() || body.hash_salt.is_some() {
                checks.fail("/password_hash", "is missing beside hash_format or hash_salt");
            }
            return password.map_or(FirstPassword::None, FirstPassword::Plaintext);
        }
    };
    let Ok(format) = format else { return FirstPassword::None };
    let salt = body.hash_salt.as_ref().map(Plaintext::expose);
    let exported = ExportedHash { hash: hash.expose(), salt };
    match defaults(access).hash(exported, format.as_ref(), Normalization::AsReceived) {
        Ok(hash) => FirstPassword::Hash(hash),
        Err(reason) => {
            checks.fail("/password_hash", reason);
            FirstPassword::None
        }
    }
}
