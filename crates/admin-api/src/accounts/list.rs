use axum::Json as Answer;
use repass_core::jiff::Timestamp;
use repass_core::{AccountFilter, AccountWithCredential, NameKind, Scope, UserId};
use repass_hash_families::Family;
use serde::Deserialize;
use utoipa::IntoParams;

use super::find_by_user_id;
use crate::access::Access;
use crate::account::AccountView;
use crate::body::{Checks, Query};
use crate::page::{Page, default_limit, limit, parse_cursor};
use crate::problem::Problem;

/// The accounts that are read at once to find those of a family of hashes, which no store indexes.
const PAGE: u32 = 500;

/// The most pages that one call reads.
const MAX_PAGES: u32 = 10;

/// The filters of a list of accounts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListAccounts {
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
    /// Only accounts whose stored hash is of this family, such as `argon2` or `bcrypt`;
    /// `repass hash identify` names the family of a hash. A page can have fewer items than `limit`,
    /// or none, before the end of the list.
    hash_family: Option<String>,
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
pub(super) async fn list_accounts(
    access: Access,
    Query(query): Query<ListAccounts>,
) -> Result<Answer<Page<AccountView>>, Problem> {
    access.require(Scope::AccountsRead)?;
    check_family(&query)?;
    let store = access.state.engine.administration().store();
    let cursor: Option<UserId> = parse_cursor(query.cursor.as_deref())?;
    let named = match (&query.user_id, &query.email, &query.username) {
        (None, None, None) => {
            return Ok(Answer(page(&access, &query, cursor).await?));
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

/// Returns the next page of all accounts of the realm.
async fn page(
    access: &Access,
    query: &ListAccounts,
    after: Option<UserId>,
) -> Result<Page<AccountView>, Problem> {
    let limit = query.limit as usize;
    let mut filter = AccountFilter {
        realm: Some(access.realm.clone()),
        after: after.map(|user_id| (access.realm.clone(), user_id)),
        active: query.active,
        changed_before: query.changed_before,
        limit: if query.hash_family.is_some() { PAGE } else { query.limit + 1 },
    };
    let mut items: Vec<AccountView> = Vec::new();
    for _ in 0..MAX_PAGES {
        let read = access.state.engine.administration().store().accounts(&filter).await?;
        let is_last = read.len() < filter.limit as usize;
        for found in read {
            let next = (found.account.realm.clone(), found.account.user_id.clone());
            if has_family(&found, query) {
                if items.len() == limit {
                    return Ok(Page::until(items, filter.after.map(|(_, user_id)| user_id)));
                }
                items.push(found.account.into());
            }
            filter.after = Some(next);
        }
        if is_last {
            return Ok(Page::whole(items));
        }
    }
    Ok(Page::until(items, filter.after.map(|(_, user_id)| user_id)))
}

fn has_family(found: &AccountWithCredential, query: &ListAccounts) -> bool {
    let family = found.credential.as_ref().map(|credential| credential.hash.family());
    query.hash_family.as_deref().is_none_or(|wanted| family == Some(wanted))
}

fn check_family(query: &ListAccounts) -> Result<(), Problem> {
    let Some(family) = &query.hash_family else { return Ok(()) };
    let known = || Family::ALL.iter().map(|known| known.name());
    if known().any(|known| known == family) {
        return Ok(());
    }
    let known = known().collect::<Vec<_>>().join(", ");
    let mut checks = Checks::default();
    checks.fail("/hash_family", format!("is one of {known}"));
    checks.finish_query()
}

fn is_wanted(found: &AccountWithCredential, query: &ListAccounts) -> bool {
    let AccountWithCredential { account, credential, .. } = found;
    let has_email = |email: &String| account.has_email(email);
    let has_name =
        |name: &String| NameKind::Username.key(account) == Some(repass_core::fold_name(name));
    let changed_at = credential.as_ref().map(|credential| credential.changed_at);
    query.user_id.as_ref().is_none_or(|user_id| user_id.parse() == Ok(account.user_id.clone()))
        && query.email.as_ref().is_none_or(has_email)
        && query.username.as_ref().is_none_or(has_name)
        && query.active.is_none_or(|active| account.active == active)
        && has_family(found, query)
        && query.changed_before.is_none_or(|time| changed_at.is_some_and(|at| at < time))
}
