use repass_core::UserId;
use uuid::Uuid;

/// The type of a column that identifies rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentifierKind {
    /// A whole number of up to 64 bits.
    Integer,
    /// A UUID type of the database; a text that holds UUIDs is [`Text`](Self::Text).
    Uuid,
    /// A text.
    Text,
}

impl IdentifierKind {
    /// Returns whether a column of this type can hold the value that `text` spells.
    pub fn can_hold(self, text: &str) -> bool {
        match self {
            Self::Integer => text.parse::<i64>().is_ok_and(|number| number.to_string() == text),
            Self::Uuid => Uuid::try_parse(text).is_ok(),
            Self::Text => true,
        }
    }

    /// Returns the two spellings of `user_id` to search in a column of this type. If there is only
    /// one, it is returned twice, so that one statement fits both cases. `None` if the column
    /// cannot hold it.
    pub fn spellings(self, user_id: &UserId) -> Option<[String; 2]> {
        let text = user_id.as_str();
        if !self.can_hold(text) {
            return None;
        }
        // A GUID identifies the same account in either case. User ids have it in lower case.
        let is_guid = self == Self::Text && Uuid::try_parse(text).is_ok();
        let other = if is_guid { text.to_ascii_uppercase() } else { text.to_owned() };
        Some([text.to_owned(), other])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spellings(kind: IdentifierKind, text: &str) -> Option<[String; 2]> {
        kind.spellings(&text.parse().unwrap())
    }

    #[test]
    fn a_text_that_the_column_cannot_hold_has_no_spelling() {
        let some = |texts: [&str; 2]| Some(texts.map(str::to_owned));
        assert_eq!(spellings(IdentifierKind::Integer, "-7"), some(["-7", "-7"]));
        for invalid in ["07", "+7", "7 ", "x", "9223372036854775808"] {
            assert_eq!(spellings(IdentifierKind::Integer, invalid), None, "{invalid}");
        }
        assert_eq!(spellings(IdentifierKind::Uuid, "pat"), None);
        let guid = "1c4b0ca1-ad13-410b-a1c5-bb2065641934";
        assert_eq!(spellings(IdentifierKind::Uuid, guid), some([guid, guid]));
        let upper = guid.to_ascii_uppercase();
        assert_eq!(spellings(IdentifierKind::Text, guid), some([guid, &upper]));
        assert_eq!(spellings(IdentifierKind::Text, "Pat"), some(["Pat", "Pat"]));
    }
}
