//! The demo of a vendor: its own accounts, and commands that change their passwords.

use std::time::Duration;

use repass_core::{
    Administration, AdministrationError, KeyKind, NewAccount, Plaintext, Profile, Randomness,
    RandomnessError, Realm, random_uuid,
};

/// Any error of a demo.
pub type DemoError = Box<dyn std::error::Error + Send + Sync>;

/// The lifetime of the tokens of a demo.
const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// The `Content-Type` of JSON as a header line for [`Demo::curl`].
pub const JSON: &str = "Content-Type: application/json";

/// The context of one vendor's demo, which has a realm of its own.
#[non_exhaustive]
pub struct Demo<'a> {
    /// The URL at which the vendor's API is mounted, such as `http://127.0.0.1:8080`.
    pub base_url: &'a str,
    /// The realm.
    pub realm: &'a Realm,
    /// Adds accounts and issues keys and tokens.
    pub administration: &'a Administration,
    randomness: &'a dyn Randomness,
}

/// The section of a vendor in the output of a demo. It holds secrets.
pub struct DemoSection {
    /// The commands, one a line each.
    pub commands: Vec<String>,
    /// A hint at something else to try, or an empty text.
    pub note: String,
}

/// An account of a demo, with its password.
pub struct DemoAccount {
    /// Its user id at the vendor.
    pub user_id: String,
    /// Its e-mail address.
    pub email: String,
    password: Plaintext,
}

impl DemoAccount {
    /// Returns the password of the account.
    pub fn password(&self) -> Plaintext {
        Plaintext::from(self.password.expose())
    }
}

impl<'a> Demo<'a> {
    /// Creates the context of a demo on this store.
    pub fn new(
        base_url: &'a str,
        realm: &'a Realm,
        administration: &'a Administration,
        randomness: &'a dyn Randomness,
    ) -> Self {
        Self { base_url, realm, administration, randomness }
    }

    /// Adds an account with a random password. An identifier that is an e-mail address is the
    /// account's address as well.
    ///
    /// # Errors
    /// When the store fails or has the account already.
    pub async fn account(&self, user_id: &str) -> Result<DemoAccount, DemoError> {
        let email = match user_id.contains('@') {
            true => user_id.to_owned(),
            false => format!("{user_id}.{}@example.com", self.realm),
        };
        let password = self.new_password()?;
        let account = NewAccount {
            realm: self.realm.clone(),
            user_id: user_id.parse()?,
            email: Some(email.parse()?),
            username: None,
            profile: Profile {
                given_name: Some("Pat".to_owned()),
                family_name: Some("Kake".to_owned()),
                ..Profile::default()
            },
        };
        let first = Some(Plaintext::from(password.expose()));
        self.administration.add_account(account, first).await?;
        Ok(DemoAccount { user_id: user_id.to_owned(), email, password })
    }

    /// Issues a key.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn key(&self, kind: KeyKind, name: &str) -> Result<Plaintext, AdministrationError> {
        Ok(self.administration.issue_key(self.realm, kind, name).await?.1)
    }

    /// Issues an access token.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn access_token(
        &self,
        user_id: &str,
        roles: Vec<String>,
    ) -> Result<Plaintext, AdministrationError> {
        Ok(self.administration.issue_token(self.realm, user_id, roles, LIFETIME).await?.1)
    }

    /// Issues a reset token.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn reset_token(&self, user_id: &str) -> Result<Plaintext, AdministrationError> {
        Ok(self.administration.issue_reset(self.realm, user_id, LIFETIME).await?.1)
    }

    /// Returns a GUID.
    ///
    /// # Errors
    /// When the random source fails.
    pub fn guid(&self) -> Result<String, RandomnessError> {
        Ok(random_uuid(self.randomness)?.to_string())
    }

    /// Returns 122 random bits in hexadecimal. Such a password was never used before, needs no
    /// quoting in a shell, and contains no context-specific word, which the policy would refuse.
    ///
    /// # Errors
    /// When the random source fails.
    pub fn new_password(&self) -> Result<Plaintext, RandomnessError> {
        Ok(Plaintext::new(random_uuid(self.randomness)?.simple().to_string()))
    }

    /// Returns a `curl` command: on one line, quoted for a POSIX shell. Headers are lines such as
    /// [`JSON`].
    pub fn curl(&self, method: &str, path: &str, headers: &[String], body: &Plaintext) -> String {
        curl(&format!("{}{path}", self.base_url), method, headers, body)
    }
}

/// Returns the header line of a bearer token.
pub fn bearer(secret: &Plaintext) -> String {
    format!("Authorization: Bearer {}", secret.expose())
}

fn curl(url: &str, method: &str, headers: &[String], body: &Plaintext) -> String {
    let headers: String = headers.iter().map(|header| format!(" -H {}", quoted(header))).collect();
    let body = quoted(body.expose());
    format!("curl -sS -X {method} {url}{headers} --data-binary {body} -w '\\n'")
}

/// Quotes `text` for a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_quotes_are_escaped() {
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }

    #[test]
    fn a_command_is_one_line() {
        let body = "{\"a\":1}".into();
        assert_eq!(
            curl("http://127.0.0.1:8080/x", "POST", &[JSON.to_owned()], &body),
            "curl -sS -X POST http://127.0.0.1:8080/x -H 'Content-Type: application/json' \
             --data-binary '{\"a\":1}' -w '\\n'"
        );
    }
}
