use crate::RowError;

/// A column of a CSV file, and a member of an object of JSON Lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Column {
    /// What the vendor's API calls the account.
    UserId,
    /// The set of accounts it belongs to.
    Realm,
    /// The e-mail address.
    Email,
    /// The name to sign in with, where it differs from the user id.
    Username,
    /// Whether the account may be used.
    Active,
    /// The given (first) name.
    GivenName,
    /// The middle name.
    MiddleName,
    /// The family (last) name.
    FamilyName,
    /// What else a vendor's API shows of the user, a JSON object.
    Attributes,
    /// When the account was created.
    CreatedAt,
    /// When the account was last updated.
    UpdatedAt,
    /// When the password was last changed.
    PasswordChangedAt,
    /// The stored hash of the password.
    PasswordHash,
    /// The salt of the hash, where it is stored apart.
    HashSalt,
    /// The format of the hash, where it does not tell itself.
    HashFormat,
    /// What was done to the password before it was hashed.
    HashNormalization,
}

impl Column {
    /// All columns, in the order in which they are listed for users.
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

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.name() == name)
    }

    /// Returns the columns of these names, which must be known and different.
    pub(crate) fn from_names<'a>(
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Vec<Self>, RowError> {
        let mut columns = Vec::new();
        let mut unknown = Vec::new();
        for (at, name) in names.into_iter().enumerate() {
            match Self::from_name(name) {
                Some(column) if columns.contains(&column) => {
                    return Err(RowError(format!("{name} is there twice")));
                }
                Some(column) => columns.push(column),
                None if is_password(name) => return Err(RowError(NO_PASSWORDS.to_owned())),
                None => unknown.push(shown(name, at)),
            }
        }
        if unknown.is_empty() {
            return Ok(columns);
        }
        let known = Self::ALL.map(Self::name).join(", ");
        Err(RowError(format!("unknown: {}; known are {known}", unknown.join(", "))))
    }
}

const NO_PASSWORDS: &str = "passwords themselves are not imported, only their hashes, in \
                            password_hash; take the passwords out of the file";

fn is_password(name: &str) -> bool {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    let letters: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
    ["password", "passwd", "pwd", "plainpassword", "passwordplain", "plaintext", "cleartext"]
        .contains(&letters.as_str())
}

/// Returns an unknown name for a message, unless it looks like a value: a file without a header begins
/// with values, and one of them may be a hash.
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
        Column::from_names(names.iter().copied()).unwrap_err().to_string()
    }

    #[test]
    fn every_column_has_its_name() {
        for column in Column::ALL {
            assert_eq!(Column::from_name(column.name()), Some(column));
        }
        let named = Column::from_names(["email", "user_id"]);
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
