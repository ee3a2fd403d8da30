//! customer's XML reader: compared with roxmltree, and with the same document in UTF-16.
#![cfg_attr(feature = "libfuzzer", no_main)]

use repass_fuzz::answer::without_low_references;
use repass_spec_customer::{Answer, Binding, UpdateUserPasswordRequest, http::StatusCode};
use roxmltree::Document;

const NAMESPACE: &str = "http://schemas.datacontract.org/2004/07/BusinessLayer.Dto.Request";

fn check(input: &[u8]) {
    let _ = Answer::from_response(StatusCode::OK, input);
    let _ = Answer::from_response(StatusCode::BAD_REQUEST, input);
    let binding = read("application/xml", input);
    let _ = read("application/xml; charset=utf-16", input);
    let Ok(text) = std::str::from_utf8(input) else { return };
    // A declaration names the encoding, and only one mark is allowed.
    if !text.is_empty() && !text.contains("encoding") && !text.starts_with('\u{FEFF}') {
        let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
        let utf_16: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
        let other = read("application/xml; charset=utf-16", &utf_16);
        assert_eq!(members(&binding), members(&other), "{text:?}");
    }
    if binding.model_state.is_empty() && binding.model.is_some() {
        assert_is_xml_with(&binding, text);
    }
}

fn read(content_type: &str, body: &[u8]) -> Binding {
    UpdateUserPasswordRequest::read(Some(content_type), body).expect("the type is read")
}

fn members(binding: &Binding) -> (String, Vec<Option<&str>>) {
    let model = binding.model.as_ref();
    let secrets = model.map(|model| [&model.old_password, &model.new_password]);
    let secrets = secrets.into_iter().flatten();
    let secrets = secrets.map(|secret| secret.as_ref().map(|secret| secret.expose())).collect();
    (format!("{binding:?}"), secrets)
}

/// Asserts that an accepted document is XML and contains the passwords. The reader accepts pairs of
/// references to surrogates and references to control characters, as .NET does and XML 1.0 does
/// not.
fn assert_is_xml_with(binding: &Binding, text: &str) {
    let Some(model) = &binding.model else { return };
    let xml = without_low_references(text.strip_prefix('\u{FEFF}').unwrap_or(text));
    // roxmltree reads carriage returns next to references differently.
    if xml != text || (text.contains('&') && text.contains('\r')) {
        return;
    }
    let document = match Document::parse(&xml) {
        Ok(document) => document,
        Err(_) if text.contains("&#") => return,
        Err(error) => panic!("accepted, but not XML: {error}: {text:?}"),
    };
    let root = document.root_element().tag_name();
    assert_eq!((root.namespace(), root.name()), (Some(NAMESPACE), "UpdateUserPasswordRequest"));
    for (name, secret) in
        [("NewPassword", &model.new_password), ("OldPassword", &model.old_password)]
    {
        let Some(secret) = secret else { continue };
        let members = document
            .root_element()
            .children()
            .filter(|child| child.has_tag_name((NAMESPACE, name)));
        let mut texts = members.map(|member| {
            member
                .children()
                .filter_map(|child| child.is_text().then(|| child.text()).flatten())
                .collect::<String>()
        });
        assert!(texts.any(|text| text == secret.expose()), "{name} in {text:?}");
    }
}

repass_fuzz::target!(check);
