//! Devise (Rails) with `config.pepper`: bcrypt of the password followed by the pepper.
//!
//! Devise's hash does not tell that it has a pepper. The import writes `$devise$pepper=name` before
//! it. Verification needs the pepper, see [`Projects`].

use std::time::Duration;

use zeroize::Zeroizing;

use crate::bcrypt::Bcrypt;
use crate::foreign_hash::StoredHash;
use crate::{Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::Devise;

/// One hash of Devise with a pepper.
pub(crate) struct Devise {
    pepper: String,
    bcrypt: Bcrypt,
}

impl Devise {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let damaged = FAMILY.damaged("the form is not $devise$pepper=name$2a$cost$salt-and-tag");
        let rest = text.strip_prefix("$devise$pepper=").ok_or(damaged.clone())?;
        let at = rest.find('$').ok_or(damaged)?;
        let (pepper, bcrypt) = rest.split_at(at);
        if !crate::import::is_project_name(pepper) {
            return Err(FAMILY.damaged("the name of the pepper"));
        }
        let bcrypt = Bcrypt::parse_as(FAMILY, bcrypt)?;
        Ok(Self { pepper: pepper.to_owned(), bcrypt })
    }
}

impl StoredHash for Devise {
    fn verify(&self, password: &[u8], projects: &Projects) -> Result<bool, VerifyError> {
        let pepper = projects
            .pepper(&self.pepper)
            .ok_or_else(|| VerifyError::UnknownPepper { pepper: self.pepper.clone() })?;
        // With the exact capacity, as a growing buffer leaves unwiped copies.
        let mut peppered = Zeroizing::new(Vec::with_capacity(password.len() + pepper.len()));
        peppered.extend_from_slice(password);
        peppered.extend_from_slice(pepper);
        Ok(self.bcrypt.matches(&peppered))
    }

    fn determines(&self, password: &[u8]) -> bool {
        // The pepper only follows, so what is cut off or repeated is as without it.
        self.bcrypt.determines(password)
    }

    fn memory_bytes(&self) -> usize {
        self.bcrypt.memory_bytes()
    }

    fn time(&self) -> Duration {
        self.bcrypt.time()
    }

    fn costs(&self) -> String {
        format!("{} pepper={}", self.bcrypt.costs(), self.pepper)
    }
}
