use proptest::prelude::*;

use super::*;

const JSON: Option<&str> = Some("application/json");
const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

fn read(body: &str) -> Result<ChangePassword, String> {
    let read = ChangePassword::read(JSON, body.as_bytes(), SecureOtp::Optional);
    read.map_err(|error| error.to_string())
}

fn read_form(body: &str) -> Result<ChangePassword, String> {
    let read = ChangePassword::read(FORM, body.as_bytes(), SecureOtp::Optional);
    read.map_err(|error| error.to_string())
}

/// Returns a valid request with `more` members at its end, which replace those before them.
fn with(more: &str) -> String {
    format!(
        r#"{{"userId":"u","email":"u@zap.com","oldPassword":"P@ssw0rd","newPassword":"n3w"{more}}}"#
    )
}

fn otp(request: &ChangePassword) -> Option<&str> {
    request.secure_otp.as_ref().map(Plaintext::expose)
}

#[test]
fn the_sample_of_the_vendors_page_is_read_without_its_trailing_comma() {
    let sample = r#"{
    "userId": "43af9a8989ffb63cc9cdd0537",
    "email": "adminagent@zap.com",
    "oldPassword": "P@ssw0rd",
    "newPassword": "n3wP@ssw0rd",
}"#;
    assert_eq!(read(sample).unwrap_err(), "the body is malformed JSON at line 6 column 1");
    let request = read(&sample.replace("\",\n}", "\"\n}")).unwrap();
    assert_eq!(request.user_id, "43af9a8989ffb63cc9cdd0537");
    assert_eq!(request.email, "adminagent@zap.com");
    assert_eq!(request.old_password.expose(), "P@ssw0rd");
    assert_eq!(request.new_password.expose(), "n3wP@ssw0rd");
    assert!(request.secure_otp.is_none());
}

/// Proves ZAP-22.
#[test]
fn every_bad_field_is_named_at_once() {
    assert_eq!(
        read("{}").unwrap_err(),
        "userId is required; email is required; oldPassword is required; \
         newPassword is required"
    );
    let body = r#"{"userId":5,"email":"pat","oldPassword":"","secureOTP":123456}"#;
    assert_eq!(
        read(body).unwrap_err(),
        "userId must be a string; email must be an e-mail address of at most 320 characters; \
         oldPassword must not be empty; newPassword is required; secureOTP must be a string"
    );
}

#[test]
fn values_of_other_types_are_refused() {
    for value in ["1", "true", "[]", "{}", "1.5e3", "[\"u\"]"] {
        let error = read(&with(&format!(",\"userId\":{value}"))).unwrap_err();
        assert_eq!(error, "userId must be a string", "{value}");
    }
    assert_eq!(read(&with(r#","userId":null"#)).unwrap_err(), "userId is required");
}

#[test]
fn addresses_are_plausible_and_at_most_320_characters() {
    let longest = |domain: usize| {
        let labels = format!("{}.", "b".repeat(62)).repeat(4);
        format!("{}@{}{}", "a".repeat(64), labels, "c".repeat(domain - labels.len()))
    };
    assert_eq!(longest(255).len(), 320);
    assert!(read(&with(&format!(",\"email\":\"{}\"", longest(255)))).is_ok());
    for bad in ["pat", "pat@", "@zap.com", "a b@zap.com", "a@b@c", &longest(256), " a@zap.com"] {
        let error = read(&with(&format!(",\"email\":\"{bad}\""))).unwrap_err();
        assert_eq!(error, "email must be an e-mail address of at most 320 characters", "{bad}");
    }
}

/// Proves ZAP-7.
#[test]
fn names_are_exact_and_of_duplicates_the_last_counts() {
    let request = read(&with(r#","USERID":5,"x":[1],"userId":"v""#)).unwrap();
    assert_eq!(request.user_id, "v");
    let error = read(r#"{"UserId":"u"}"#).unwrap_err();
    assert!(error.starts_with("userId is required"), "{error}");
}

/// Proves ZAP-13.
#[test]
fn the_one_time_password_has_two_names() {
    for (more, expected) in [
        ("", None),
        (r#","secureOTP":"123456""#, Some("123456")),
        (r#","otp":"123456""#, Some("123456")),
        (r#","otp":"1","secureOTP":"2""#, Some("2")),
        (r#","otp":"1","secureOTP":null"#, Some("1")),
        (r#","secureOTP":null"#, None),
    ] {
        assert_eq!(otp(&read(&with(more)).unwrap()), expected, "{more}");
    }
    for more in [r#","secureOTP":"""#, r#","otp":"""#] {
        assert_eq!(read(&with(more)).unwrap_err(), "secureOTP must not be empty");
    }
}

#[test]
fn a_required_one_time_password_is_a_field_like_the_others() {
    let read = |body: String| {
        ChangePassword::read(JSON, body.as_bytes(), SecureOtp::Required)
            .map_err(|error| error.to_string())
    };
    assert_eq!(read(with("")).unwrap_err(), "secureOTP is required");
    assert_eq!(read(with(r#","otp":null"#)).unwrap_err(), "secureOTP is required");
    assert_eq!(otp(&read(with(r#","otp":"1""#)).unwrap()), Some("1"));
}

#[test]
fn forms_are_read_as_well() {
    let form = "userId=u&email=u%40zap.com&oldPassword=a%26b+c%C3%A4&newPassword=%2B&otp=123456";
    let request = read_form(form).unwrap();
    assert_eq!(request.email, "u@zap.com");
    assert_eq!(request.old_password.expose(), "a&b c\u{e4}");
    assert_eq!(request.new_password.expose(), "+");
    assert_eq!(otp(&request), Some("123456"));
    let form = "userId=u&oldPassword=o&newPassword=n&email=1&email=u@zap.com";
    assert_eq!(read_form(form).unwrap().email, "u@zap.com");
    let error = read_form("userId=&email=u%40zap.com&email=pat&oldPassword").unwrap_err();
    assert_eq!(
        error,
        "userId must not be empty; email must be an e-mail address of at most 320 characters; \
         oldPassword must not be empty; newPassword is required"
    );
}

/// Proves ZAP-8, NIST 3.1.1.2 verification.
#[test]
fn nist_3_1_1_2_a_form_that_is_not_utf_8_is_refused_and_not_altered() {
    for bad in ["oldPassword=%FF", "oldPassword=%C3", "x=%C3&y=%A4", "%FF=x"] {
        assert_eq!(read_form(bad).unwrap_err(), "the form is not UTF-8", "{bad}");
    }
    let raw = ChangePassword::read(FORM, b"oldPassword=\xFF", SecureOtp::Optional);
    assert_eq!(raw.unwrap_err(), ChangePasswordError::FormNotUtf8);
    let replacement = "userId=u&email=u@zap.com&oldPassword=%EF%BF%BD&newPassword=%zz";
    let request = read_form(replacement).unwrap();
    assert_eq!(request.old_password.expose(), "\u{fffd}");
    assert_eq!(request.new_password.expose(), "%zz");
}

#[test]
fn other_content_types_are_refused() {
    for media_type in [None, Some("text/plain"), Some("application/xml"), Some("")] {
        let error = ChangePassword::read(media_type, with("").as_bytes(), SecureOtp::Optional);
        assert_eq!(error.unwrap_err(), ChangePasswordError::ContentType);
    }
}

#[test]
fn json_that_is_not_an_object_is_refused() {
    for body in ["[]", "\"hunter2\"", "null", "5"] {
        assert_eq!(read(body).unwrap_err(), "the body must be a JSON object", "{body}");
    }
    assert!(read("\u{feff}{").unwrap_err().contains("line 1 column 1"));
    assert!(read(&format!("\u{feff}{}", with(""))).is_ok());
}

/// Proves ASVS 16.2.5.
#[test]
fn asvs_16_2_5_no_secret_reaches_debug_or_an_error() {
    let body = with(r#","oldPassword":"hunter2","secureOTP":"hunter2""#);
    assert!(!format!("{:?}", read(&body).unwrap()).contains("hunter2"));
    for body in [r#"{"oldPassword":"hunter2",}"#, r#"{"oldPassword":["hunter2"]}"#] {
        assert!(!read(body).unwrap_err().contains("hunter2"));
    }
}

proptest! {
    #[test]
    fn a_request_is_read_as_written(
        user_id in ".+", old in ".+", new in ".+", otp in prop::option::of(".+"),
    ) {
        let request = ChangePassword {
            user_id,
            email: "pat@example.org".to_owned(),
            old_password: Plaintext::new(old),
            new_password: Plaintext::new(new),
            secure_otp: otp.map(Plaintext::new),
        };
        for (media_type, body) in [(JSON, request.to_json().unwrap()), (FORM, request.to_form())] {
            let body = body.expose().as_bytes();
            let read = ChangePassword::read(media_type, body, SecureOtp::Optional).unwrap();
            prop_assert_eq!(&read.user_id, &request.user_id);
            prop_assert_eq!(&read.email, &request.email);
            prop_assert!(read.old_password.same_as(&request.old_password));
            prop_assert!(read.new_password.same_as(&request.new_password));
            let otp = read.secure_otp.as_ref().map(Plaintext::expose);
            prop_assert_eq!(otp, request.secure_otp.as_ref().map(Plaintext::expose));
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..512)) {
        for media_type in [JSON, FORM] {
            let _ = ChangePassword::read(media_type, &body, SecureOtp::Required);
        }
    }
}
