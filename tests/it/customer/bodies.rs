//! Bodies in the three formats.

use crate::requests::GUID;

pub(super) const NAMESPACE: &str =
    "http://schemas.datacontract.org/2004/07/BusinessLayer.Dto.Request";
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// The document of these members.
pub(super) fn xml(members: &str) -> String {
    format!(
        "<UpdateUserPasswordRequest xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xmlns=\"{NAMESPACE}\">{members}</UpdateUserPasswordRequest>"
    )
}

/// The document of the three members that a change needs.
pub(super) fn xml_change(old: &str, new: &str) -> String {
    xml(&format!(
        "<NewPassword>{new}</NewPassword><OldPassword>{old}</OldPassword><UserId>{GUID}</UserId>"
    ))
}

/// The same as a form. The passwords hold nothing but letters, spaces and commas.
pub(super) fn form_change(old: &str, new: &str) -> String {
    format!("UserId={GUID}&OldPassword={old}&NewPassword={new}").replace(' ', "+")
}

/// Little-endian UTF-16 with its byte-order mark.
pub(super) fn utf_16(text: &str) -> Vec<u8> {
    [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
}
