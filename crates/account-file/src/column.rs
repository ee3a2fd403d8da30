use crate::RowError;

/// A column of a CSV file, or a member of a JSON Lines object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Column {
    /// The identifier of the account in the vendor's API.
    UserId,
    /// The realm of the account.
    Realm,
    /// The e-mail address.
    Email,
    /// The name to sign in with, if it differs from the user id.
    Username,
    /// Whether the account is active.
    Active,
    /// The given (first) name.
    GivenName,
    /// The middle name.
    MiddleName,
    /// The family (last) name.
    FamilyName,
    /// Further properties that a vendor's API returns, as a JSON object.
    Attributes,
    /// When the account was created.
    CreatedAt,
    /// When the account was last updated.
    UpdatedAt,
    /// When the password was last changed.
    PasswordChangedAt,
    /// The stored hash of the password.
    PasswordHash,
    /// The salt of the hash, if it is stored separately.
    HashSalt,
    /// The format of the hash, if the hash does not contain it.
    HashFormat,
    /// The normalization of the password before it was hashed.
    HashNormalization,
}

impl Column {
    /// All columns, in the order of the documentation.
    pub const ALL: [Self; 16] = [
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
        Self::HashNormalization,
    ];

    /// Returns the name in the file.
    pub const fn name(self) -> &'static str {
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
            Self::HashNormalization => "hash_normalization",
        }
    }

    /// Returns the column of a name in any case, with white space around it.
    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.name().eq_ignore_ascii_case(name.trim()))
    }

    /// Returns the columns of these names.
    ///
    /// # Errors
    /// When a name is unknown or given twice.
    pub(crate) fn from_names<'a>(
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Vec<Self>, RowError> {
        let mut columns = Vec::new();
        let mut unknown = Vec::new();
        for (index, name) in names.into_iter().enumerate() {
            match Self::from_name(name) {
                Some(column) if columns.contains(&column) => {
                    return Err(RowError(format!("{name} is given twice")));
                }
                Some(column) => columns.push(column),
                None if is_password(name) => return Err(RowError(NO_PASSWORDS.to_owned())),
                None => unknown.push(printable(name, index)),
            }
        }
        if unknown.is_empty() {
            return Ok(columns);
        }
        let known = Self::ALL.map(Self::name).join(", ");
        Err(RowError(format!("unknown: {}; known are {known}", unknown.join(", "))))
    }
}

const NO_PASSWORDS: &str = "passwords are not imported, only their hashes, in password_hash; remove \
                            the passwords from the file";

fn is_password(name: &str) -> bool {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    let letters: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
    ["password", "passwd", "pwd", "plainpassword", "passwordplain", "plaintext", "cleartext"]
        .contains(&letters.as_str())
}

/// Returns an unknown name for an error message, or its position if it looks like a value: in a
/// file without a header, the first line has values, and one of them may be a hash.
fn printable(name: &str, index: usize) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-. ".contains(&byte);
    if (1..=30).contains(&name.len()) && name.bytes().all(plain) {
        name.to_owned()
    } else {
        format!("number {}, which is not a name", index + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(names: &[&str]) -> String {
        Column::from_names(names.iter().copied()).unwrap_err().to_string()
    }

    #[test]
    fn every_column_is_found_by_its_name() {
        for column in Column::ALL {
            assert_eq!(Column::from_name(column.name()), Some(column));
        }
        let named = Column::from_names(["email", "user_id"]);
        assert_eq!(named, Ok(vec![Column::Email, Column::UserId]));
    }

    #[test]
    fn unknown_names_are_reported_with_the_known_ones() {
        let reason = refused(&["user_id", "mail", "user_id2"]);
        assert!(reason.starts_with("unknown: mail, user_id2; known are user_id, "), "{reason}");
        assert_eq!(refused(&["user_id", "email", "user_id"]), "user_id is given twice");
    }

    #[test]
    fn values_in_place_of_names_are_not_printed() {
        let reason = refused(&["pat", "", "$2b$12$R9h/cIPz0gi.URNNX3kh2O"]);
        assert!(reason.starts_with("unknown: pat, number 2, which is not a name, number 3, which"));
        assert!(!reason.contains("R9h"), "{reason}");
    }

    #[test]
    fn columns_of_plain_passwords_are_refused() {
        for name in ["password", "Password", "plain_password", "PASSWD"] {
            assert_eq!(refused(&["user_id", name]), NO_PASSWORDS, "{name}");
        }
    }
}
