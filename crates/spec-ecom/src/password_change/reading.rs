use repass_core::Plaintext;
use repass_spec::json::{self, Member};
use validator::{Validate, ValidationError};

use crate::body::{Body, UserInfo};
use crate::{Field, Language, PasswordChange, RequestError, RequestProblem};

/// The new password and its confirmation, which must be the same.
#[derive(Validate)]
#[validate(schema(function = "confirmed"))]
struct Confirmed<'a> {
    new_password: &'a Plaintext,
    confirm_password: &'a Plaintext,
}

fn confirmed(passwords: &Confirmed<'_>) -> Result<(), ValidationError> {
    if passwords.new_password.same_as(passwords.confirm_password) {
        Ok(())
    } else {
        Err(ValidationError::new("must_match"))
    }
}

impl PasswordChange {
    /// Reads a body.
    ///
    /// # Errors
    /// When it is malformed, required members are missing (all are named), or the confirmation
    /// differs.
    pub fn from_body(body: &[u8]) -> Result<Self, RequestError> {
        let body: Body = json::read(body).map_err(|error| RequestError {
            language: Language::default(),
            problem: error.into(),
        })?;
        let query = body.query.unwrap_or_default();
        let language = text(body.language_code).or_else(|| text(query.language_code));
        let refused = |language: Option<&str>, problem| RequestError {
            language: language.and_then(Language::from_code).unwrap_or_default(),
            problem,
        };

        let conversation = body.conversation.unwrap_or_default();
        let UserInfo { uid, uuid, first_name, last_name, username } =
            conversation.user.unwrap_or_default();
        let user_id = identifier([uid, uuid, body.uuid]);
        let account = query
            .parameters
            .and_then(|parameters| parameters.params)
            .and_then(|params| params.account)
            .unwrap_or_default();
        let [old_password, new_password, confirm_password] =
            [account.old_password, account.new_password, account.confirm_password].map(not_empty);

        let missing: Vec<Field> = [
            (Field::Uid, user_id.is_none()),
            (Field::OldPassword, old_password.is_none()),
            (Field::NewPassword, new_password.is_none()),
            (Field::ConfirmPassword, confirm_password.is_none()),
        ]
        .into_iter()
        .filter_map(|(field, is_missing)| is_missing.then_some(field))
        .collect();
        let (Some(user_id), Some(old_password), Some(new_password), Some(confirm_password)) =
            (user_id, old_password, new_password, confirm_password)
        else {
            return Err(refused(language.as_deref(), RequestProblem::Missing(missing)));
        };

        let request = Self {
            user_id,
            old_password,
            new_password,
            confirm_password,
            language,
            channel: text(conversation.channel),
            first_name: text(first_name),
            last_name: text(last_name),
            username: text(username),
        };
        let Self { new_password, confirm_password, .. } = &request;
        match (Confirmed { new_password, confirm_password }).validate() {
            Ok(()) => Ok(request),
            Err(_) => {
                Err(refused(request.language.as_deref(), RequestProblem::ConfirmationDiffers))
            }
        }
    }

    /// Returns the names of the user in the request, as one text.
    pub fn display_name(&self) -> Option<String> {
        let names: Vec<&str> = [&self.first_name, &self.last_name, &self.username]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        (!names.is_empty()).then(|| names.join(" "))
    }
}

/// Returns the first that is present. A value that cannot be an identifier is an error and is not
/// skipped: the request would change another account than its sender meant.
fn identifier(candidates: [Option<Member>; 3]) -> Option<String> {
    candidates
        .into_iter()
        .flatten()
        .find_map(|member| match member {
            Member::Text(text) if text.is_empty() => None,
            Member::Null => None,
            Member::Text(text) => Some(Some(text.expose().to_owned())),
            Member::Number(number) => Some(Some(number.to_string())),
            Member::Bool(_) | Member::Composite => Some(None),
        })
        .flatten()
}

fn not_empty(member: Option<Member>) -> Option<Plaintext> {
    member.and_then(Member::into_text).filter(|text| !text.is_empty())
}

fn text(member: Option<Member>) -> Option<String> {
    not_empty(member).map(|text| text.expose().to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ACCOUNT: &str = r#""queryInfo":{"parameters":{"params":{"accountInfo":{
        "oldPassword":"old","newPassword":"new","confirmPassword":"new"}}}}"#;

    fn user_id(members: &str) -> Result<String, RequestProblem> {
        let body = format!("{{{members},{ACCOUNT}}}");
        PasswordChange::from_body(body.as_bytes())
            .map(|request| request.user_id)
            .map_err(|error| error.problem)
    }

    fn account(members: &str) -> RequestProblem {
        let body = format!(
            r#"{{"uuid":5,"queryInfo":{{"parameters":{{"params":{{"accountInfo":{members}}}}}}}}}"#
        );
        PasswordChange::from_body(body.as_bytes()).unwrap_err().problem
    }

    #[test]
    fn the_vendors_sample_is_read() {
        let sample = br#"{
            "response": {},
            "conversationRequest": {
                "userInfo": {
                    "uid": "$uid", "last_name": "$lastName",
                    "first_name": "$firstName", "username": "$userName"
                },
                "channel": "$platForm"
            },
            "languageCode": "languageCode",
            "queryInfo": {
                "interestType": "change-password",
                "parameters": { "params": { "accountInfo": {
                    "oldPassword": "oldPassword",
                    "newPassword": "password",
                    "confirmPassword": "password"
                } } }
            }
        }"#;
        let request = PasswordChange::from_body(sample).unwrap();
        assert_eq!(request.user_id, "$uid");
        assert_eq!(request.old_password.expose(), "oldPassword");
        assert_eq!(request.new_password.expose(), "password");
        assert_eq!(request.language.as_deref(), Some("languageCode"));
        assert_eq!(request.channel.as_deref(), Some("$platForm"));
        assert_eq!(request.display_name().as_deref(), Some("$firstName $lastName $userName"));
    }

    /// Proves ECOM-7, ECOM-8.
    #[test]
    fn the_user_id_is_the_first_of_three_members_that_is_present() {
        let user = |user: &str, root: &str| {
            user_id(&format!(r#""conversationRequest":{{"userInfo":{user}}},"uuid":{root}"#))
        };
        assert_eq!(user(r#"{"uid":"a","uuid":"b"}"#, r#""c""#), Ok("a".to_owned()));
        assert_eq!(user(r#"{"uid":"","uuid":"b"}"#, r#""c""#), Ok("b".to_owned()));
        assert_eq!(user(r#"{"uid":null,"uuid":""}"#, r#""c""#), Ok("c".to_owned()));
        assert_eq!(user("null", r#""c""#), Ok("c".to_owned()));
        assert_eq!(user_id(r#""conversationRequest":null,"uuid":"c""#), Ok("c".to_owned()));
        let missing = Err(RequestProblem::Missing(vec![Field::Uid]));
        assert_eq!(user("{}", r#""""#), missing);
        assert_eq!(user(r#"{"uid":true}"#, r#""c""#), missing);
        assert_eq!(user(r#"{"uid":["a"]}"#, r#""c""#), missing);
    }

    #[test]
    fn a_number_is_a_user_id_as_written_in_json() {
        for number in ["5", "-5", "18446744073709551615", "1.5"] {
            assert_eq!(user_id(&format!(r#""uuid":{number}"#)), Ok(number.to_owned()));
        }
    }

    /// Proves ECOM-7.
    #[test]
    fn names_are_exact() {
        let missing = Err(RequestProblem::Missing(vec![Field::Uid]));
        assert_eq!(user_id(r#""UUID":"a""#), missing);
    }

    /// Proves ECOM-7.
    #[test]
    fn the_last_duplicate_counts() {
        assert_eq!(user_id(r#""uuid":"a","uuid":"b""#), Ok("b".to_owned()));
        assert_eq!(
            user_id(r#""queryInfo":{},"uuid":"a","uuid":null,"uuid":"c""#),
            Ok("c".to_owned())
        );
    }

    /// Proves ECOM-25.
    #[test]
    fn every_missing_member_is_named() {
        let error = PasswordChange::from_body(b"{}").unwrap_err();
        assert_eq!(
            error.problem,
            RequestProblem::Missing(vec![
                Field::Uid,
                Field::OldPassword,
                Field::NewPassword,
                Field::ConfirmPassword,
            ])
        );
        assert_eq!(
            account(r#"{"oldPassword":1,"newPassword":"","confirmPassword":null}"#),
            RequestProblem::Missing(vec![
                Field::OldPassword,
                Field::NewPassword,
                Field::ConfirmPassword,
            ])
        );
    }

    #[test]
    fn the_confirmation_is_compared_exactly() {
        let differs = RequestProblem::ConfirmationDiffers;
        for confirm in ["New", "new ", "ne"] {
            let members = format!(
                r#"{{"oldPassword":"old","newPassword":"new","confirmPassword":"{confirm}"}}"#
            );
            assert_eq!(account(&members), differs, "{confirm}");
        }
    }

    /// Proves ECOM-12.
    #[test]
    fn an_error_has_the_language_of_the_request_if_it_could_be_read() {
        let language =
            |body: &str| PasswordChange::from_body(body.as_bytes()).unwrap_err().language;
        assert_eq!(
            language(r#"{"languageCode":"de-DE","queryInfo":{"languageCode":"fr"}}"#),
            Language::German
        );
        assert_eq!(
            language(r#"{"languageCode":"","queryInfo":{"languageCode":"fr"}}"#),
            Language::French
        );
        assert_eq!(
            language(r#"{"languageCode":5,"queryInfo":{"languageCode":"fr"}}"#),
            Language::French
        );
        assert_eq!(language(r#"{"languageCode":"de-DE""#), Language::English);
    }

    /// Proves ECOM-24.
    #[test]
    fn malformed_bodies_are_refused() {
        for body in ["", "null", "[]", "{", r#"{"queryInfo":5}"#, r#"{"uuid":"a",}"#] {
            let problem = PasswordChange::from_body(body.as_bytes()).unwrap_err().problem;
            assert!(matches!(problem, RequestProblem::Malformed(_)), "{body}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..512)) {
            let _ = PasswordChange::from_body(&body);
        }

        #[test]
        fn a_request_is_read_as_written(texts in prop::collection::vec("\\PC{1,8}", 7)) {
            let mut request =
                PasswordChange::new(texts[0].as_str(), texts[1].as_str().into(), texts[2].as_str().into());
            request.language = Some(texts[3].clone());
            request.first_name = Some(texts[4].clone());
            request.username = Some(texts[5].clone());
            request.channel = Some(texts[6].clone());
            let body = request.to_body().unwrap();
            let read = PasswordChange::from_body(body.expose().as_bytes()).unwrap();
            prop_assert_eq!(&read.user_id, &request.user_id);
            prop_assert!(read.old_password.same_as(&request.old_password));
            prop_assert!(read.new_password.same_as(&request.new_password));
            prop_assert_eq!(&read.language, &request.language);
            prop_assert_eq!(read.display_name(), request.display_name());
            prop_assert_eq!(&read.channel, &request.channel);
            prop_assert_eq!(&read.last_name, &None);
        }
    }
}
