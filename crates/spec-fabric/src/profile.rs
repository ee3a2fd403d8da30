use repass_core::Profile;
use serde_json::Value;

use crate::{FabricUser, Name};

/// The reason why a user's record cannot be imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// It is not a JSON object.
    #[error("a user's record must be a JSON object")]
    NotAnObject,
    /// The members at these paths have another shape than in fabric's records; never empty.
    #[error("members of an unknown shape: {}", .0.join(", "))]
    Members(Vec<String>),
    /// The record cannot be written as JSON.
    #[error("the record cannot be written")]
    Write(#[source] serde_json::Error),
}

/// Makes the profile of an account from a user's record, as fabric shows or exports it.
///
/// Both spellings of `extenstion` and both shapes of `roles` and `zipCode` are read. The name
/// becomes that of the profile. The other members that [`FabricUser`] has become attributes, in the
/// spelling and order of fabric's answers. Members that are not on fabric's page are dropped, since
/// an export may contain members that must not be shown. `userId`, `email`, `isActive` and
/// `updatedAt` are dropped too: the account has its own.
///
/// # Errors
/// When members have another shape; all their paths are named.
pub fn import_profile(user: Value) -> Result<Profile, ProfileError> {
    let Value::Object(members) = user else { return Err(ProfileError::NotAnObject) };
    let (mut user, dropped) = FabricUser::read(&members);
    if !dropped.is_empty() {
        return Err(ProfileError::Members(dropped));
    }
    let Name { first, middle, last } = user.name.take().unwrap_or_default();
    user.user_id = None;
    user.email = None;
    user.is_active = None;
    user.updated_at = None;
    let attributes = serde_json::to_value(&user).and_then(serde_json::from_value);
    Ok(Profile {
        given_name: first,
        middle_name: middle,
        family_name: last,
        attributes: attributes.map_err(ProfileError::Write)?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_sample_of_the_vendors_page_is_imported() {
        let sample = serde_json::from_str(include_str!("../tests/user.json")).unwrap();
        let profile = import_profile(sample).unwrap();
        assert_eq!(profile.given_name.as_deref(), Some("Pat"));
        assert_eq!(profile.middle_name.as_deref(), Some("E"));
        assert_eq!(profile.family_name.as_deref(), Some("Kake"));
        let names: Vec<_> = profile.attributes.keys().map(String::as_str).collect();
        let mut expected = [
            "registrationDate",
            "expiryDate",
            "roles",
            "phone",
            "extra",
            "registrationSite",
            "account",
            "address",
            "provider",
            "createdAt",
        ];
        expected.sort_unstable();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, expected);
        assert_eq!(profile.attributes["address"][0]["zipCode"], "77035");
        assert_eq!(profile.attributes["roles"], json!(["customer"]));
    }

    #[test]
    fn unknown_members_are_dropped() {
        let user = json!({"password": "hunter2", "name": {"first": "Pat", "salt": "x"}});
        let profile = import_profile(user).unwrap();
        assert!(!format!("{profile:?}").contains("hunter2"));
        assert_eq!(profile.given_name.as_deref(), Some("Pat"));
    }

    #[test]
    fn all_members_of_an_unknown_shape_are_named() {
        let user = json!({"name": {"first": 1}, "phone": [{"kind": []}], "roles": {}});
        let error = import_profile(user).unwrap_err();
        assert_eq!(
            error.to_string(),
            "members of an unknown shape: roles, name.first, phone[0].kind"
        );
        assert!(matches!(import_profile(json!([])), Err(ProfileError::NotAnObject)));
    }
}
