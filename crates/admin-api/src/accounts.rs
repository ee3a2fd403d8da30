//! `/accounts`: create, list, read, change, delete and unlock.

use axum::Json as Answer;
use axum::extract::Path;
use axum::http::header::{ETAG, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use repass_account_file::parse_format;
use repass_core::jiff::Timestamp;
use repass_core::serde_json::{Map, Value};
use repass_core::{
    Account, AccountFilter, AccountId, AccountWithCredential, Administration, AdministrationError,
    AttemptKey, HashedPassword, ImportOutcome, ImportedPassword, NameKind, NewAccount, NewImport,
    Plaintext, Realm, Scope, Subject, UserId,
};
use repass_hash_families::{ExportedHash, ImportFormat, stored_text};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Access, Client};
use crate::account::{AccountView, LOCALE, NewName, profile, set_locale};
use crate::body::{Checks, Json, Query, object, patch, patch_object, present};
use crate::etag::{check, etag, if_match};
use crate::page::{Page, default_limit, limit, parse_cursor};
use crate::problem::Problem;
use crate::state::State;

pub(crate) fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(create_account, list_accounts))
        .routes(routes!(read_account, change_account, delete_account))
        .routes(routes!(unlock_account))
}

/// An account to create. Without a password and a hash, a reset sets the first password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateAccount {
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
async fn create_account(
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

async fn find_by_user_id(
    access: &Access,
    user_id: &str,
) -> Result<Option<AccountWithCredential>, Problem> {
    let subject = Subject::new(access.realm.clone(), user_id);
    Ok(access.state.engine.administration().store().find(&subject).await?)
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

/// Refuses an e-mail address or a user name that another account than `own` has.
async fn check_free(
    access: &Access,
    email: Option<&str>,
    username: Option<&str>,
    own: Option<AccountId>,
) -> Result<(), Problem> {
    let administration = access.state.engine.administration();
    for (kind, name, code) in
        [(NameKind::Email, email, "email-taken"), (NameKind::Username, username, "username-taken")]
    {
        let Some(name) = name else { continue };
        let found = administration.accounts_named(&access.realm, kind, name).await?;
        if let Some(other) = found.iter().find(|account| Some(account.id) != own) {
            return Err(Problem::taken(code, other.id));
        }
    }
    Ok(())
}

/// The filters of a list of accounts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListAccounts {
    /// Only the account of this user id.
    user_id: Option<String>,
    /// Only accounts of this e-mail address, in any case.
    email: Option<String>,
    /// Only accounts of this user name, in any case.
    username: Option<String>,
    /// Only active, or only inactive accounts.
    active: Option<bool>,
    /// Only accounts whose password was set before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    changed_before: Option<Timestamp>,
    /// The most items, 1 to 200. Default: 50.
    #[serde(default = "default_limit", deserialize_with = "limit")]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: u32,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists accounts by user id.
#[utoipa::path(get, path = "/accounts", tag = "accounts", params(ListAccounts), responses(
    (status = 200, description = "A page of accounts.", body = Page<AccountView>),
))]
async fn list_accounts(
    access: Access,
    Query(query): Query<ListAccounts>,
) -> Result<Answer<Page<AccountView>>, Problem> {
    access.require(Scope::AccountsRead)?;
    let store = access.state.engine.administration().store();
    let cursor: Option<UserId> = parse_cursor(query.cursor.as_deref())?;
    let named = match (&query.user_id, &query.email, &query.username) {
        (None, None, None) => {
            let filter = AccountFilter {
                realm: Some(access.realm.clone()),
                after: cursor.map(|user_id| (access.realm.clone(), user_id)),
                active: query.active,
                changed_before: query.changed_before,
                limit: query.limit + 1,
            };
            let accounts = store.accounts(&filter).await?;
            let items = accounts.into_iter().map(AccountView::from).collect();
            return Ok(Answer(Page::new(items, query.limit, |item| item.user_id.clone())));
        }
        (Some(user_id), ..) => find_by_user_id(&access, user_id).await?.into_iter().collect(),
        (None, Some(email), _) => {
            // A plus sign that was not encoded is a blank, which no address has.
            let mut checks = Checks::default();
            let _: Option<repass_core::Email> = checks.parse("/email", Some(email));
            checks.finish_query()?;
            store
                .find_by_name(&access.realm, NameKind::Email, &repass_core::fold_name(email))
                .await?
        }
        (None, None, Some(name)) => {
            let name = repass_core::fold_name(name);
            store.find_by_name(&access.realm, NameKind::Username, &name).await?
        }
    };
    let mut items = Vec::new();
    for found in named.into_iter().filter(|found| is_wanted(found, &query)) {
        // So that a mapped account is found by its id.
        access.state.engine.administration().register(&found.account).await?;
        items.push(AccountView::from(found.account));
    }
    items.sort_by(|one, other| one.user_id.cmp(&other.user_id));
    Ok(Answer(Page::whole(items)))
}

fn is_wanted(found: &AccountWithCredential, query: &ListAccounts) -> bool {
    let AccountWithCredential { account, credential } = found;
    let has_email = |email: &String| account.has_email(email);
    let has_name = |name: &String| {
        let own = account.username.as_deref().map(repass_core::fold_name);
        own == Some(repass_core::fold_name(name))
    };
    let changed_at = credential.as_ref().map(|credential| credential.changed_at);
    query.user_id.as_ref().is_none_or(|user_id| user_id.parse() == Ok(account.user_id.clone()))
        && query.email.as_ref().is_none_or(has_email)
        && query.username.as_ref().is_none_or(has_name)
        && query.active.is_none_or(|active| account.active == active)
        && query.changed_before.is_none_or(|time| changed_at.is_some_and(|at| at < time))
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

/// A change of an account (RFC 7396): absent members are unchanged, `null` clears.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangeAccount {
    /// The e-mail address.
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<String>)]
    email: Option<Option<String>>,
    /// The name the user signs in with: 1 to 320 characters.
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<String>)]
    username: Option<Option<String>>,
    /// The names of the user.
    #[serde(default, deserialize_with = "patch_object")]
    #[schema(value_type = Option<ChangeName>)]
    name: Option<Option<ChangeName>>,
    /// The language of the user (BCP 47).
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<String>)]
    locale: Option<Option<String>>,
    /// Further attributes. Each member is changed by itself.
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<Map<String, Value>>)]
    profile: Option<Option<Map<String, Value>>>,
    /// Whether the account may be used. Deactivating revokes its access tokens and reset tokens.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = bool, required = false)]
    active: Option<bool>,
    /// The end user.
    #[serde(default, deserialize_with = "object")]
    client: Option<Client>,
}

/// A change of the names of a user: absent members are unchanged, `null` clears.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangeName {
    /// Given (first) name.
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<String>)]
    given: Option<Option<String>>,
    /// Middle name.
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<String>)]
    middle: Option<Option<String>>,
    /// Family (last) name.
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<String>)]
    family: Option<Option<String>>,
}

/// Changes an account.
#[utoipa::path(patch, path = "/accounts/{id}", tag = "accounts",
    params(("if-match" = Option<String>, Header, description = "The ETag of the account as it was read.")),
    request_body(content = ChangeAccount, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, description = "The account is changed.", body = AccountView,
         headers(("etag" = String))),
        (status = 409, description = "`email-taken`, `username-taken` or `kept-elsewhere`", body = Problem),
        (status = 412, description = "`stale`", body = Problem),
    ))]
async fn change_account(
    access: Access,
    Path(path): Path<AccountPath>,
    headers: HeaderMap,
    Json(body): Json<ChangeAccount>,
) -> Result<Response, Problem> {
    access.require(Scope::AccountsWrite)?;
    let mut checks = Checks::default();
    let email = body.email.map(|email| checks.parse("/email", email.as_deref()));
    check_username(&mut checks, body.username.as_ref().and_then(Option::as_deref));
    check_profile(&mut checks, body.profile.as_ref().and_then(Option::as_ref));
    checks.finish()?;
    let account = find(&access, &path.id).await?;
    let since = if_match(&headers)?;
    let text = email.as_ref().and_then(Option::as_ref).map(ToString::to_string);
    let username = body.username.as_ref().and_then(Option::as_deref);
    check_free(&access, text.as_deref(), username, Some(account.id)).await?;
    let administration = access.administration(body.client);
    let edits = email.is_some()
        || body.username.is_some()
        || body.name.is_some()
        || body.locale.is_some()
        || body.profile.is_some();
    let user_id = account.user_id.clone();
    let mut changed = account;
    if edits || since.is_some() {
        let (username, name, locale, profile) =
            (body.username, body.name, body.locale, body.profile);
        let edit = |account: &mut Account| {
            set(&mut account.email, email);
            set(&mut account.username, username);
            set_name(account, name);
            if let Some(profile) = profile {
                set_profile(&mut account.profile.attributes, profile);
            }
            if let Some(locale) = locale {
                set_locale(&mut account.profile.attributes, locale);
            }
        };
        changed = administration.edit_account(&access.realm, user_id.as_str(), since, edit).await?;
    }
    if let Some(active) = body.active
        && active != changed.active
    {
        changed = administration.set_active(&access.realm, user_id.as_str(), active).await?;
    }
    Ok(([(ETAG, etag(&changed))], Answer(AccountView::from(changed))).into_response())
}

fn set<T>(member: &mut Option<T>, new: Option<Option<T>>) {
    if let Some(new) = new {
        *member = new;
    }
}

fn set_name(account: &mut Account, name: Option<Option<ChangeName>>) {
    let profile = &mut account.profile;
    match name {
        None => {}
        Some(None) => {
            (profile.given_name, profile.middle_name, profile.family_name) = (None, None, None);
        }
        Some(Some(ChangeName { given, middle, family })) => {
            set(&mut profile.given_name, given);
            set(&mut profile.middle_name, middle);
            set(&mut profile.family_name, family);
        }
    }
}

fn set_profile(attributes: &mut Map<String, Value>, change: Option<Map<String, Value>>) {
    let locale = attributes.remove(LOCALE);
    match change {
        None => attributes.clear(),
        Some(change) => {
            for (name, value) in change {
                match value {
                    Value::Null => drop(attributes.remove(&name)),
                    value => drop(attributes.insert(name, value)),
                }
            }
        }
    }
    attributes.extend(locale.map(|locale| (LOCALE.to_owned(), locale)));
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
    check(&headers, &account)?;
    let administration = access.administration(None);
    administration.delete_account(&access.realm, account.user_id.as_str()).await?;
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
