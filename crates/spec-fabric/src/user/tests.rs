use serde_json::json;

use super::*;

/// The vendor's page, word for word.
const SAMPLE: &str = include_str!("../../tests/user.json");

fn read(user: &Value) -> (FabricUser, Vec<String>) {
    FabricUser::read(user.as_object().unwrap())
}

#[test]
fn the_sample_is_written_as_read_with_roles_and_zip_code_as_in_the_schema() {
    let user: FabricUser = serde_json::from_str(SAMPLE).unwrap();
    let expected: String = SAMPLE
        .replace("\"roles\": \"customer\"", "\"roles\": [\"customer\"]")
        .replace("77035", "\"77035\"")
        .lines()
        .map(str::trim)
        .collect::<String>()
        .replace("\": ", "\":");
    assert_eq!(serde_json::to_string(&user).unwrap(), expected);
}

#[test]
fn both_spellings_of_the_extension_are_read() {
    for spelling in ["extenstion", "extension"] {
        let (user, dropped) = read(&json!({"phone": [{spelling: "x-6789"}]}));
        assert!(dropped.is_empty());
        let written = serde_json::to_value(&user).unwrap();
        assert_eq!(written["phone"], json!([{"extenstion": "x-6789"}]));
    }
}

#[test]
fn both_shapes_of_roles_and_postal_codes_are_read() {
    let (user, dropped) = read(&json!({
        "roles": ["a", "b"], "address": [{"zipCode": 77035}, {"zipCode": "007"}],
    }));
    assert!(dropped.is_empty());
    assert_eq!(user.roles.unwrap(), ["a", "b"]);
    let codes: Vec<_> = user.address.iter().map(|one| one.zip_code.as_deref().unwrap()).collect();
    assert_eq!(codes, ["77035", "007"]);
}

#[test]
fn members_of_a_wrong_shape_are_dropped_and_their_paths_recorded() {
    let (user, dropped) = read(&json!({
        "isActive": "yes", "registrationDate": "yesterday", "expiryDate": 5, "roles": ["a", 1],
        "name": {"first": 1, "last": "Kake"}, "phone": {"number": "1"}, "extra": [],
        "address": [{"zipCode": 1.5, "phone": [], "name": null}, 7, {"isDefault": 1}],
        "provider": [{"lastLoginDate": ""}], "email": null, "unknown": 1,
    }));
    assert_eq!(
        dropped,
        [
            "isActive",
            "registrationDate",
            "expiryDate",
            "roles[1]",
            "name.first",
            "phone",
            "extra",
            "address[1]",
            "address[0].zipCode",
            "address[0].phone",
            "address[2].isDefault",
            "provider[0].lastLoginDate",
        ]
    );
    assert_eq!(
        serde_json::to_string(&user).unwrap(),
        r#"{"roles":["a"],"name":{"last":"Kake"},"phone":[],"extra":{},"address":[{},{}],"provider":[{}]}"#
    );
}
