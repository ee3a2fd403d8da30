use repass_core::Profile;
use serde_json::Value;

use crate::{FabricUser, Name};

/// Why a user's record cannot be imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// It is no JSON object.
    #[error("a user's record is a JSON object")]
    NotAnObject,
    /// Members at these paths have another shape than fabric gives them; never empty.
    #[error("of another shape than a user's record has it: {}", .0.join(", "))]
    Members(Vec<String>),
    /// The record cannot be written as JSON.
    #[error("the record cannot be written")]
    Write(#[source] serde_json::Error),
}

/// Makes of a user's record, as fabric shows or exports it, the profile of an account.
///
/// Both spellings of `extenstion`, both shapes of `roles` and of `zipCode` are read. The name
/// becomes the profile's own; what else [`FabricUser`] knows goes to the attributes, spelt and
/// ordered as fabric answers it. Members that fabric's page does not have are left behind: an export
/// may hold what must not be shown. So are `userId`, `email`, `isActive` and `updatedAt`, which an
/// account has facts of its own for.
///
/// # Errors
/// When the record has another shape; all paths at once.
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
    fn the_pages_sample_is_imported() {
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
    fn what_fabric_does_not_show_is_left_behind() {
        let user = json!({"password": "hunter2", "name": {"first": "Pat", "salt": "x"}});
        let profile = import_profile(user).unwrap();
        assert!(!format!("{profile:?}").contains("hunter2"));
        assert_eq!(profile.given_name.as_deref(), Some("Pat"));
    }

    #[test]
    fn wrong_shapes_are_told_all_at_once() {
        let user = json!({"name": {"first": 1}, "phone": [{"kind": []}], "roles": {}});
        let error = import_profile(user).unwrap_err();
        assert_eq!(
            error.to_string(),
            "of another shape than a user's record has it: roles, name.first, phone[0].kind"
        );
        assert!(matches!(import_profile(json!([])), Err(ProfileError::NotAnObject)));
    }
}
