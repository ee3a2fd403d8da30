use axum::Json as Answer;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use repass_core::serde_json::{Map, Value};
use repass_core::{Account, Scope};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{AccountPath, check_profile, check_username, find};
use crate::access::{Access, Client};
use crate::account::{AccountView, LOCALE, set_locale};
use crate::body::{Checks, Json, object, patch, patch_object, present};
use crate::etag::{etag, if_match};
use crate::problem::Problem;

/// A change of an account (RFC 7396): absent members are unchanged, `null` clears.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeAccount {
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
    /// Further attributes. Members are merged, objects within them too.
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
pub(super) async fn change_account(
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
    let administration = access.administration(body.client);
    let edits = email.is_some()
        || body.username.is_some()
        || body.name.is_some()
        || body.locale.is_some()
        || body.profile.is_some();
    let user_id = account.user_id.clone();
    let changed = if edits || since.is_some() {
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
            account.active = body.active.unwrap_or(account.active);
        };
        administration.edit_account(&access.realm, user_id.as_str(), since, edit).await?
    } else if let Some(active) = body.active
        && active != account.active
    {
        administration.set_active(&access.realm, user_id.as_str(), active).await?
    } else {
        account
    };
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
        Some(change) => merge(attributes, change),
    }
    attributes.extend(locale.map(|locale| (LOCALE.to_owned(), locale)));
}

/// Applies a merge patch to an object (RFC 7396, 2).
fn merge(target: &mut Map<String, Value>, change: Map<String, Value>) {
    for (name, value) in change {
        match value {
            Value::Null => drop(target.remove(&name)),
            Value::Object(change) => {
                let member = target.entry(name).or_insert(Value::Null);
                if !member.is_object() {
                    *member = Value::Object(Map::new());
                }
                if let Value::Object(member) = member {
                    merge(member, change);
                }
            }
            value => drop(target.insert(name, value)),
        }
    }
}
