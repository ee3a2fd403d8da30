use repass_core::Plaintext;
use repass_spec::json::{self, Member, Members};
use validator::{Validate, ValidationError, ValidationErrors};

use crate::{ModelState, UserPassword};

/// The members of a body before they are validated.
#[derive(Debug, Default)]
struct Bound {
    old_password: Option<Plaintext>,
    password: Option<Plaintext>,
    password_confirm: Option<Plaintext>,
}

/// The members in the order of their declaration.
const MEMBERS: [&str; 3] = ["OldPassword", "Password", "PasswordConfirm"];

/// The name of the action's parameter in the vendor's program. Every key begins with it.
const PARAMETER: &str = "userPassword";

/// The code of the error of a required member that is missing.
const REQUIRED: &str = "required";

/// ASP.NET's message about a value that it cannot read. It has no details.
const UNREADABLE: &str = "An error has occurred.";

impl UserPassword {
    /// Reads and validates a body. An empty or blank body and `null` are an object without members.
    ///
    /// As in ASP.NET, the errors of members of a wrong type come first, in the order received. The
    /// errors of the other members follow in the order of their declaration. A required member of a
    /// wrong type counts as missing too, so it has two messages.
    ///
    /// # Errors
    /// All errors.
    pub fn from_body(body: &[u8]) -> Result<Self, ModelState> {
        let mut state = ModelState::default();
        let bound = match members(body) {
            Ok(Some(members)) => Bound::from_members(members, &mut state),
            Ok(None) => Bound::default(),
            Err(_) => {
                state.add(PARAMETER.to_owned(), UNREADABLE);
                return Err(state);
            }
        };
        if let Err(errors) = bound.validate() {
            add_all(&mut state, &errors);
        }
        match (bound.old_password, bound.password) {
            (Some(old), Some(new)) if state.is_empty() => Ok(Self::new(old, new)),
            _ => Err(state),
        }
    }
}

impl Bound {
    fn from_members(mut members: Members, state: &mut ModelState) -> Self {
        let last = |name: &str| {
            members
                .iter()
                .enumerate()
                .filter(|(_, (own, _))| own.eq_ignore_ascii_case(name))
                .map(|(at, _)| at)
                .last()
        };
        let mut wrong: Vec<(usize, &str)> = MEMBERS
            .into_iter()
            .filter_map(|name| last(name).map(|at| (at, name)))
            .filter(|(at, _)| members.iter().nth(*at).is_some_and(|(_, member)| !is_text(member)))
            .collect();
        wrong.sort_unstable();
        for (_, name) in wrong {
            state.add(key(name), UNREADABLE);
        }
        let mut text = |name| members.take_last_ignoring_case(name).and_then(Member::into_text);
        let [old_password, password, password_confirm] = MEMBERS.map(&mut text);
        Self { old_password, password, password_confirm }
    }
}

/// Written by hand, because the derive macro copies an invalid value into its error, and the values
/// here are passwords.
impl Validate for Bound {
    fn validate(&self) -> Result<(), ValidationErrors> {
        let [old_password, password, password_confirm] = MEMBERS;
        let mut errors = ValidationErrors::new();
        for (name, text) in [(old_password, &self.old_password), (password, &self.password)] {
            if text.as_ref().is_none_or(|text| text.expose().trim().is_empty()) {
                errors.add(
                    name,
                    ValidationError::new(REQUIRED).with_message("Password is required".into()),
                );
            }
        }
        let same = match (&self.password, &self.password_confirm) {
            (Some(one), Some(two)) => one.same_as(two),
            (None, None) => true,
            _ => false,
        };
        if !same {
            let message = "'PasswordConfirm' and 'Password' do not match.".into();
            errors.add(password_confirm, ValidationError::new("must_match").with_message(message));
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

fn members(body: &[u8]) -> Result<Option<Members>, json::JsonError> {
    let text = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    if text.trim_ascii().is_empty() || json::read::<()>(body).is_ok() {
        return Ok(None);
    }
    let is_wanted = |name: &str| MEMBERS.iter().any(|own| own.eq_ignore_ascii_case(name));
    json::read_members(body, is_wanted).map(Some)
}

fn add_all(state: &mut ModelState, errors: &ValidationErrors) {
    let by_name = errors.field_errors();
    for name in MEMBERS {
        for error in by_name.get(name).into_iter().flat_map(|errors| errors.iter()) {
            // A confirmation of a wrong type is not compared.
            if error.code == REQUIRED || state.messages(&key(name)).is_empty() {
                state.add(key(name), error.message.as_deref().unwrap_or(UNREADABLE));
            }
        }
    }
}

fn is_text(member: &Member) -> bool {
    matches!(member, Member::Text(_) | Member::Null)
}

fn key(member: &str) -> String {
    format!("{PARAMETER}.{member}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wrong(body: &str) -> Vec<(String, String)> {
        let state = UserPassword::from_body(body.as_bytes()).unwrap_err();
        state
            .iter()
            .map(|(key, messages)| {
                (key.trim_start_matches("userPassword").to_owned(), messages.join("; "))
            })
            .collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(one, two)| ((*one).to_owned(), (*two).to_owned())).collect()
    }

    const MISSING: &str = "Password is required";
    const BOTH: &str = "An error has occurred.; Password is required";
    const DIFFERS: &str = "'PasswordConfirm' and 'Password' do not match.";

    #[test]
    fn names_are_read_in_any_case_and_the_last_duplicate_counts() {
        let body = br#"{"x":[{}],"oldpassword":"no","OLDPASSWORD":" o ","Password":"n",
            "passwordCONFIRM":"n","PasswordConfirm":"n"}"#;
        let read = UserPassword::from_body(body).unwrap();
        assert_eq!(read.old_password.expose(), " o ");
        assert_eq!(read.password.expose(), "n");
    }

    #[test]
    fn a_missing_body_has_no_members() {
        let missing = pairs(&[(".OldPassword", MISSING), (".Password", MISSING)]);
        for body in ["", " \r\n", "\u{FEFF}", "null", " null ", "{}", "{\"OldPassword\":null}"] {
            assert_eq!(wrong(body), missing, "{body:?}");
        }
    }

    #[test]
    fn an_unreadable_body_is_one_error() {
        for body in ["{bad", "[]", "5", "\"x\"", "{}{}", r#"{"OldPassword":"x",}"#] {
            assert_eq!(wrong(body), pairs(&[("", UNREADABLE)]), "{body}");
        }
    }

    /// Proves ETNA-26.
    #[test]
    fn wrong_types_come_first_and_the_others_are_still_validated() {
        assert_eq!(
            wrong(r#"{"PasswordConfirm":{},"Password":5,"OldPassword":""}"#),
            pairs(&[
                (".PasswordConfirm", UNREADABLE),
                (".Password", BOTH),
                (".OldPassword", MISSING),
            ])
        );
        assert_eq!(
            wrong(r#"{"OldPassword":"o","Password":true,"PasswordConfirm":"n"}"#),
            pairs(&[(".Password", BOTH), (".PasswordConfirm", DIFFERS)])
        );
        assert_eq!(
            wrong(r#"{"OldPassword":[],"Password":"n","PasswordConfirm":"n"}"#),
            pairs(&[(".OldPassword", BOTH)])
        );
    }

    #[test]
    fn a_missing_password_or_confirmation_differs_from_one_that_is_present() {
        assert_eq!(
            wrong(r#"{"OldPassword":"o","Password":" "}"#),
            pairs(&[(".Password", MISSING), (".PasswordConfirm", DIFFERS)])
        );
        assert_eq!(
            wrong(r#"{"OldPassword":"o","PasswordConfirm":"n"}"#),
            pairs(&[(".Password", MISSING), (".PasswordConfirm", DIFFERS)])
        );
    }

    #[test]
    fn validation_errors_hold_no_password() {
        let bound = Bound {
            old_password: Some("hunter2".into()),
            password: Some("hunter3".into()),
            password_confirm: Some("hunter4".into()),
        };
        let errors = bound.validate().unwrap_err();
        assert!(!format!("{errors:?} {bound:?}").contains("hunter"));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..512)) {
            let _ = UserPassword::from_body(&body);
        }

        #[test]
        fn a_request_is_read_as_written(old in "\\PC*[!-~]", new in "\\PC*[!-~]") {
            let request = UserPassword::new(old.as_str().into(), new.as_str().into());
            let body = request.to_body().unwrap();
            let read = UserPassword::from_body(body.expose().as_bytes()).unwrap();
            prop_assert_eq!(read.old_password.expose(), old);
            prop_assert_eq!(read.password.expose(), new);
        }
    }
}
