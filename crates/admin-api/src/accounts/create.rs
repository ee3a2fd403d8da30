use axum::Json as Answer;
use axum::http::StatusCode;
use axum::http::header::{ETAG, LOCATION};
use axum::response::{IntoResponse, Response};
use repass_account_file::parse_format;
use repass_core::serde_json::{Map, Value};
use repass_core::{
    Account, Administration, AdministrationError, HashedPassword, ImportOutcome, ImportedPassword,
    NewAccount, NewImport, Plaintext, Scope, UserId,
};
use repass_hash_families::{ExportedHash, ImportFormat, stored_text};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{check_free, check_profile, check_username, find_by_user_id};
use crate::access::{Access, Client};
use crate::account::{AccountView, NewName, profile};
use crate::body::{Checks, Json, object};
use crate::etag::etag;
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
    password_hash: Option<String>,
    /// The format of the hash, as `repass account import --help` lists them. Default: it is
    /// recognized.
    hash_format: Option<String>,
    /// The salt, for formats that store it apart.
    hash_salt: Option<String>,
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
    Json(body): Json<CreateAccount>,
) -> Result<Response, Problem> {
    access.require(Scope::AccountsWrite)?;
    let mut checks = Checks::default();
    let user_id: Option<UserId> = checks.parse("/user_id", Some(&body.user_id));
    let email = checks.parse("/email", body.email.as_deref());
    check_username(&mut checks, body.username.as_deref());
    check_profile(&mut checks, Some(&body.profile));
    let hash = password_hash(&body, &mut checks, &access);
    if body.password.is_some() && body.password_hash.is_some() {
        checks.fail("/password_hash", "send password or password_hash, not both");
    }
    checks.finish()?;
    // Without an error, it is there.
    let Some(user_id) = user_id else { return Err(Problem::new("invalid-body", "user_id")) };
    let administration = access.administration(body.client);
    let new = NewAccount {
        realm: access.realm.clone(),
        user_id,
        email,
        username: body.username,
        profile: profile(body.name.unwrap_or_default(), body.locale, body.profile),
    };
    if let Some(other) = find_by_user_id(&access, new.user_id.as_str()).await? {
        return Err(Problem::taken("user-id-taken", other.account.id));
    }
    let email = new.email.as_ref().map(ToString::to_string);
    check_free(&access, email.as_deref(), new.username.as_deref(), None).await?;
    let account = match hash {
        Some(hash) => add_with_hash(&administration, new, hash, body.active).await?,
        None => {
            let account = administration.add_account(new, body.password).await?;
            if body.active == Some(false) {
                let user_id = account.user_id.as_str();
                administration.set_active(&access.realm, user_id, false).await?
            } else {
                account
            }
        }
    };
    let location = format!("/admin/v1/realms/{}/accounts/{}", access.realm, account.id);
    let headers = [(LOCATION, location)];
    Ok((StatusCode::CREATED, headers, [(ETAG, etag(&account))], Answer(AccountView::from(account)))
        .into_response())
}

/// Returns the hash of the body, if it is valid.
fn password_hash(
    body: &CreateAccount,
    checks: &mut Checks,
    access: &Access,
) -> Option<HashedPassword> {
    let Some(hash) = &body.password_hash else {
        if body.hash_format.is_some() || body.hash_salt.is_some() {
            checks.fail("/password_hash", "is missing beside hash_format or hash_salt");
        }
        return None;
    };
    let format = match body.hash_format.as_deref().map(parse_format) {
        None => ImportFormat::SelfDescribing,
        Some(Ok(format)) => format,
        Some(Err(reason)) => {
            checks.fail("/hash_format", reason);
            return None;
        }
    };
    let exported = ExportedHash { hash, salt: body.hash_salt.as_deref() };
    let text = match stored_text(&format, exported) {
        Ok(text) => text,
        Err(error) => {
            checks.fail("/password_hash", error.to_string());
            return None;
        }
    };
    let hash = HashedPassword::from_stored(text);
    if let Some(id) = hash.pepper()
        && !access.state.options.peppers.has(&id)
    {
        checks
            .fail("/password_hash", format!("needs the pepper key {id}, which is not configured"));
        return None;
    }
    Some(hash)
}

/// Adds an account with the hash of its password.
async fn add_with_hash(
    administration: &Administration,
    new: NewAccount,
    hash: HashedPassword,
    active: Option<bool>,
) -> Result<Account, Problem> {
    let (realm, user_id) = (new.realm.clone(), new.user_id.clone());
    let password = Some(ImportedPassword { hash, changed_at: None });
    let import = NewImport { account: new, active, created_at: None, updated_at: None, password };
    let mut imported = administration.import_accounts(vec![import], false).await?;
    match imported.pop() {
        Some(ImportOutcome::Refused(reason)) => {
            let mut checks = Checks::default();
            checks.fail("/password_hash", reason);
            checks.finish()?;
        }
        Some(ImportOutcome::Present { .. }) => {
            let error = AdministrationError::AccountExists { realm, user_id: user_id.into() };
            return Err(error.into());
        }
        Some(ImportOutcome::Added) | None => {}
    }
    Ok(administration.show_account(&realm, user_id.as_str()).await?.0)
}
