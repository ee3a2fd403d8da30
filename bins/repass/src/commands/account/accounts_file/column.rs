//! The names of columns and members.

/// What a file can say of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Column {
    UserId,
    Realm,
    Email,
    Username,
    Active,
    GivenName,
    MiddleName,
    FamilyName,
    Attributes,
    CreatedAt,
    UpdatedAt,
    PasswordChangedAt,
    PasswordHash,
    HashSalt,
    HashFormat,
    HashNormalisation,
}

impl Column {
    pub(crate) const ALL: [Self; 16] = [
        Self::UserId,
        Self::Realm,
        Self::Email,
        Self::Username,
        Self::Active,
        Self::GivenName,
        Self::MiddleName,
        Self::FamilyName,
        Self::Attributes,
        Self::CreatedAt,
        Self::UpdatedAt,
        Self::PasswordChangedAt,
        Self::PasswordHash,
        Self::HashSalt,
        Self::HashFormat,
        Self::HashNormalisation,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::UserId => "user_id",
            Self::Realm => "realm",
            Self::Email => "email",
            Self::Username => "username",
            Self::Active => "active",
            Self::GivenName => "given_name",
            Self::MiddleName => "middle_name",
            Self::FamilyName => "family_name",
            Self::Attributes => "attributes",
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
            Self::PasswordChangedAt => "password_changed_at",
            Self::PasswordHash => "password_hash",
            Self::HashSalt => "hash_salt",
            Self::HashFormat => "hash_format",
            Self::HashNormalisation => "hash_normalisation",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.name() == name)
    }

    /// The columns of these names, or what is wrong with the names.
    pub(super) fn all_named<'a>(
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Vec<Self>, String> {
        let mut columns = Vec::new();
        let mut unknown = Vec::new();
        for (at, name) in names.into_iter().enumerate() {
            match Self::named(name) {
                Some(column) if columns.contains(&column) => {
                    return Err(format!("{name} is there twice"));
                }
                Some(column) => columns.push(column),
                None if holds_passwords(name) => return Err(NO_PASSWORDS.to_owned()),
                None => unknown.push(shown(name, at)),
            }
        }
        if unknown.is_empty() {
            return Ok(columns);
        }
        let known = Self::ALL.map(Self::name).join(", ");
        Err(format!("unknown: {}; known are {known}", unknown.join(", ")))
    }
}

const NO_PASSWORDS: &str = "passwords themselves are not imported, only their hashes, in \
                            password_hash; take the passwords out of the file";

fn holds_passwords(name: &str) -> bool {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    let letters: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
    ["password", "passwd", "pwd", "plainpassword", "passwordplain", "plaintext", "cleartext"]
        .contains(&letters.as_str())
}

/// A name that is none may be a value, and even a hash, where the names were forgotten.
fn shown(name: &str, at: usize) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-. ".contains(&byte);
    if (1..=30).contains(&name.len()) && name.bytes().all(plain) {
        name.to_owned()
    } else {
        format!("number {}, which is no name", at + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(names: &[&str]) -> String {
        Column::all_named(names.iter().copied()).unwrap_err()
    }

    #[test]
    fn every_column_has_its_name() {
        for column in Column::ALL {
            assert_eq!(Column::named(column.name()), Some(column));
        }
        let named = Column::all_named(["email", "user_id"]);
        assert_eq!(named, Ok(vec![Column::Email, Column::UserId]));
    }

    #[test]
    fn unknown_names_are_told_with_the_known_ones() {
        let reason = refused(&["user_id", "mail", "user_id2"]);
        assert!(reason.starts_with("unknown: mail, user_id2; known are user_id, "), "{reason}");
        assert_eq!(refused(&["user_id", "email", "user_id"]), "user_id is there twice");
    }

    #[test]
    fn values_in_the_place_of_names_are_not_repeated() {
        let reason = refused(&["pat", "", "$2b$12$R9h/cIPz0gi.URNNX3kh2O"]);
        assert!(reason.starts_with("unknown: pat, number 2, which is no name, number 3, which"));
        assert!(!reason.contains("R9h"), "{reason}");
    }

    #[test]
    fn passwords_are_refused_as_such() {
        for name in ["password", "Password", "plain_password", "PASSWD"] {
            assert_eq!(refused(&["user_id", name]), NO_PASSWORDS, "{name}");
        }
    }
}
