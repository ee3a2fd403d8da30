use repass_core::Plaintext;
use repass_spec::{form, reply};

use super::{Binding, PARAMETER, UpdateUserPasswordRequest, guid};
use crate::http_error::{ERROR, ModelState};

/// Reads a form as the framework's model binder does: names in any case, the first of several of
/// one name, blank values as missing. But a password that is not UTF-8 is an error, since the
/// framework's U+FFFD would make different passwords equal.
pub(super) fn read(body: &[u8]) -> Binding {
    let Some(mut fields) = Fields::read(body) else { return Binding::unreadable() };
    let mut model_state = ModelState::default();
    let user_id = match fields.take("UserId") {
        None => None,
        Some(text) if is_blank(text.expose()) => {
            model_state.add(&format!("{PARAMETER}.UserId"), "A value is required.");
            None
        }
        Some(text) => guid::parse(text.expose()).or_else(|| {
            let value = reply::quoted(text.expose());
            let message = format!("The value '{value}' is not valid for UserId.");
            model_state.add(&format!("{PARAMETER}.UserId"), message);
            None
        }),
    };
    for password in ["OldPassword", "NewPassword"] {
        if fields.first(password).is_some_and(|at| !fields.0[at].is_utf8) {
            model_state.add(&format!("{PARAMETER}.{password}"), ERROR);
        }
    }
    let mut secret = |name| fields.take(name).filter(|text| !is_blank(text.expose()));
    let mut text = |name| secret(name).map(|text| text.expose().to_owned());
    let model = UpdateUserPasswordRequest {
        user_id: user_id.unwrap_or_default(),
        ip_address: text("IPAddress"),
        user_agent: text("UserAgent"),
        permanent_session_id: text("PermanentSessionId"),
        old_password: secret("OldPassword"),
        new_password: secret("NewPassword"),
    };
    Binding { model: Some(model), model_state }
}

fn is_blank(text: &str) -> bool {
    text.chars().all(char::is_whitespace)
}

/// The fields of a form under their property paths.
struct Fields(Vec<form::Field>);

impl Fields {
    /// Returns `None` if a name is malformed.
    fn read(body: &[u8]) -> Option<Self> {
        form::read(body)
            .map(|field| Some(form::Field { name: property_path(&field.name)?, ..field }))
            .collect::<Option<_>>()
            .map(Self)
    }

    fn first(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|field| field.name.eq_ignore_ascii_case(name))
    }

    fn take(&mut self, name: &str) -> Option<Plaintext> {
        Some(self.0.remove(self.first(name)?).value)
    }
}

/// Converts a field name in jQuery's spelling to a property path: `a[b]` is `a.b`, `a[]` is `a`,
/// `a[0]` is unchanged. `None` if a bracket is not closed.
fn property_path(name: &str) -> Option<String> {
    let mut path = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, bracketed)) = rest.split_once('[') {
        let (inner, after) = bracketed.split_once(']')?;
        path.push_str(before);
        if inner.starts_with(char::is_numeric) {
            path.push_str(&format!("[{inner}]"));
        } else if !inner.is_empty() {
            path.push('.');
            path.push_str(inner);
        }
        rest = after;
    }
    path.push_str(rest);
    Some(path)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn new_password(body: &[u8]) -> Option<String> {
        let binding = read(body);
        assert!(binding.model_state.is_empty());
        binding.model.unwrap().new_password.map(|text| text.expose().to_owned())
    }

    #[test]
    fn values_are_read_as_the_framework_reads_them() {
        for (body, value) in [
            (&b"NewPassword=a+b%20c"[..], Some("a b c")),
            (b"NewPassword=100%&x", Some("100%")),
            (b"NewPassword=%zz%4", Some("%zz%4")),
            (b"NewPassword=%EF%BF%BD&NewPassword=%FF", Some("\u{FFFD}")),
            (b"NewPassword=a=b", Some("a=b")),
            (b"NewPassword=&NewPassword=x", None),
            (b"NewPassword=+%09", None),
            (b"NewPassword=null", Some("null")),
            (b"%4eewPassword=x", Some("x")),
            (b"NewPassword[]=x", Some("x")),
            (b"NewPassword[0]=x", None),
            (b"request.NewPassword=x&request[NewPassword]=x", None),
        ] {
            assert_eq!(new_password(body).as_deref(), value, "{}", String::from_utf8_lossy(body));
        }
    }

    /// Proves W10, CUSTOMER-22.
    #[test]
    fn w10_a_password_that_is_not_utf_8_is_an_error_and_other_fields_get_u_fffd() {
        for body in
            [&b"oldpassword=p%E4ss&NEWPASSWORD=%C3"[..], b"OldPassword=\xE4&NewPassword=\xFF"]
        {
            let binding = read(body);
            let keys: Vec<_> = binding.model_state.iter().map(|(key, _)| key.to_owned()).collect();
            assert_eq!(keys, ["request.OldPassword", "request.NewPassword"]);
        }
        let binding = read(b"IPAddress=%FF&x=%FF");
        assert!(binding.model_state.is_empty());
        assert_eq!(binding.model.unwrap().ip_address.as_deref(), Some("\u{FFFD}"));
    }

    #[test]
    fn a_malformed_user_id_has_the_frameworks_message() {
        for (body, message) in [
            ("UserId=+", "A value is required."),
            ("userid", "A value is required."),
            ("UserId=+x", "The value ' x' is not valid for UserId."),
        ] {
            let binding = read(body.as_bytes());
            let entries: Vec<_> = binding.model_state.iter().collect();
            assert_eq!(entries, [("request.UserId", &[message.to_owned()][..])], "{body}");
        }
    }

    /// Proves W2.
    #[test]
    fn w2_a_long_user_id_is_quoted_in_part() {
        let binding = read(format!("UserId={}", "x".repeat(60_000)).as_bytes());
        let (_, messages) = binding.model_state.iter().next().unwrap();
        let value = "x".repeat(reply::MAX_QUOTED);
        assert_eq!(messages, [format!("The value '{value}' is not valid for UserId.")]);
    }

    #[test]
    fn an_unclosed_bracket_anywhere_makes_the_form_unreadable() {
        for body in ["x[=1&NewPassword=a", "x[0=1", "NewPassword[]x[=1"] {
            let binding = read(body.as_bytes());
            assert!(binding.model.is_none());
            assert_eq!(binding.model_state.iter().next().unwrap().0, "request");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..256)) {
            let _ = read(&body);
        }
    }
}
