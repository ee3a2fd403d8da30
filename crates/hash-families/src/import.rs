//! Converts the fields of another system's export to a stored hash.

mod declaration;
#[cfg(feature = "keycloak")]
mod keycloak;
#[cfg(feature = "keycloak")]
mod okta;
mod spring;
mod systems;

use std::fmt;

use data_encoding::{BASE64_NOPAD, HEXLOWER_PERMISSIVE};

use crate::parsing::{ANY_BASE64, split, unpadded};
use crate::{DigestAlgorithm, Family, ForeignHash, FormatError, MAX_TEXT_BYTES};

pub use declaration::DeclarationError;

/// The declared format of the hashes of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImportFormat {
    /// Self-describing texts, which are stored unchanged.
    SelfDescribing,
    /// Texts of Django, including `argon2$…` and the old digests `md5$salt$digest`,
    /// `sha1$salt$digest` and unsalted MD5. All others are self-describing.
    Django,
    /// One digest of the password and a salt.
    SaltedDigest {
        /// The digest algorithm.
        algorithm: DigestAlgorithm,
        /// The position of the salt; `None` for no salt.
        layout: Option<SaltLayout>,
        /// The encoding of the digest.
        digest: ByteEncoding,
        /// The encoding of the salt.
        salt: ByteEncoding,
    },
    /// NT hashes of Windows, as 32 hexadecimal digits.
    NtHash,
    /// ASP.NET's membership provider: digest and salt in Base64.
    AspNetMembership {
        /// SHA-1 or SHA-256.
        algorithm: DigestAlgorithm,
    },
    /// better-auth and Lucia: `salt:tag` in hexadecimal, or Lucia's with a salt of letters and digits,
    /// also behind its `s2:`.
    BetterAuth,
    /// Keycloak: the JSON of a credential in a realm export, with `secretData` and
    /// `credentialData`. Its Argon2 is converted to a PHC string; the bcrypt of extensions is a
    /// self-describing text in it.
    Keycloak,
    /// Firebase: hash and salt in Base64, with the hash parameters of the project.
    Firebase {
        /// The name of the project in [`Projects`](crate::Projects): 1 to 64 letters, digits and
        /// `-_.:`.
        project: String,
        /// `rounds` of the project.
        rounds: u32,
        /// `mem_cost` of the project.
        mem_cost: u32,
        /// `base64_salt_separator` of the project, decoded.
        salt_separator: Vec<u8>,
    },
    /// crypt(3), including its traditional form of thirteen characters.
    Crypt,
    /// Devise with a pepper: bcrypt.
    Devise {
        /// The name of the pepper in [`Projects`](crate::Projects): 1 to 64 letters, digits and
        /// `-_.:`.
        pepper: String,
    },
    /// Dovecot, including its `{PBKDF2}`, `{MD5}` and digests in hexadecimal.
    Dovecot,
    /// Joomla, including `digest:salt` and `{SHA256}digest:salt` of versions before 3.2.1.
    Joomla,
    /// Magento 1, osCommerce and Magento 2: `digest:salt` and `digest:salt:version`, with one version
    /// from 0 to 3, or 0:1.
    Magento,
    /// The bcrypt of Meteor's accounts.
    Meteor,
    /// MyBB and Invision Power Board: digest in hexadecimal, and salt.
    MyBb,
    /// MySQL and MariaDB: `*` and 40 digits, or `caching_sha2_password` in hexadecimal.
    Mysql,
    /// Okta: the JSON of a `credentials.password.hash`, as its API takes it.
    Okta,
    /// OpenCart before 4 and Woltlab Burning Board 3: digest in hexadecimal, and salt.
    OpenCart,
    /// PBKDF2 whose parameters are not in the text: tag and salt.
    Pbkdf2 {
        /// SHA-1, SHA-256 or SHA-512.
        algorithm: DigestAlgorithm,
        /// The number of iterations.
        iterations: u32,
        /// The encoding of the tag.
        digest: ByteEncoding,
        /// The encoding of the salt.
        salt: ByteEncoding,
    },
    /// Spring Security: the name of a default encoder in braces, and its hash.
    Spring,
    /// Symfony's `MessageDigestPasswordHasher`: digest and salt.
    Symfony {
        /// The digest algorithm.
        algorithm: DigestAlgorithm,
        /// The number of iterations.
        iterations: u32,
        /// The encoding of the digest.
        digest: ByteEncoding,
    },
    /// vBulletin 3 and 4: digest in hexadecimal, and salt.
    VBulletin,
    /// Werkzeug, including the HMACs of versions before 3.0.
    Werkzeug,
}

/// The position of the salt in the input of a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SaltLayout {
    /// The salt, then the password.
    SaltFirst,
    /// The password, then the salt.
    SaltLast,
    /// The salt, then the MD5 in hexadecimal of the salt and the password: an MD5 that Magento 2 has
    /// upgraded.
    SaltFirstTwice,
}

impl SaltLayout {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SaltFirst => "salt-first",
            Self::SaltLast => "salt-last",
            Self::SaltFirstTwice => "salt-first-twice",
        }
    }

    /// Returns the layout with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [Self::SaltFirst, Self::SaltLast, Self::SaltFirstTwice];
        all.into_iter().find(|layout| layout.name() == name)
    }
}

/// An encoding of bytes in an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ByteEncoding {
    /// Hexadecimal, in either case.
    Hexadecimal,
    /// Base64 in the standard or the URL-safe alphabet, with or without padding.
    Base64,
    /// UTF-8 text.
    Text,
}

impl ByteEncoding {
    fn decode(self, reason: &'static str, text: &str) -> Result<Vec<u8>, FormatError> {
        let damaged = |_| FormatError::Export { reason };
        match self {
            Self::Hexadecimal => HEXLOWER_PERMISSIVE.decode(text.as_bytes()).map_err(damaged),
            Self::Base64 => ANY_BASE64.decode(unpadded(text).as_bytes()).map_err(damaged),
            Self::Text => Ok(text.as_bytes().to_vec()),
        }
    }
}

/// The fields of one hash of an export.
#[derive(Clone, Copy)]
pub struct ExportedHash<'a> {
    /// The hash, or the only field.
    pub hash: &'a str,
    /// The salt, if the format has a separate field for it.
    pub salt: Option<&'a str>,
}

impl fmt::Debug for ExportedHash<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Hash and salt allow offline guessing.
        f.write_str("ExportedHash(..)")
    }
}

/// Converts an exported hash to the text to store, which [`ForeignHash::parse`] accepts. Argon2 PHC
/// strings are not checked.
///
/// # Errors
/// If a field is missing, unexpected or damaged, or [`ForeignHash::parse`] refuses the text.
pub fn stored_text(
    format: &ImportFormat,
    exported: ExportedHash<'_>,
) -> Result<String, FormatError> {
    let ExportedHash { hash, salt } = exported;
    let bytes = hash.len() + salt.map_or(0, str::len);
    if bytes > MAX_TEXT_BYTES {
        return Err(FormatError::TooLong { bytes, max: MAX_TEXT_BYTES });
    }
    let has_salt_field = match format {
        ImportFormat::SaltedDigest { layout, .. } => layout.is_some(),
        ImportFormat::AspNetMembership { .. }
        | ImportFormat::Firebase { .. }
        | ImportFormat::MyBb
        | ImportFormat::OpenCart
        | ImportFormat::Pbkdf2 { .. }
        | ImportFormat::Symfony { .. }
        | ImportFormat::VBulletin => true,
        _ => false,
    };
    let salt = match (has_salt_field, salt) {
        (true, None) => return Err(FormatError::Export { reason: "the salt is missing" }),
        (false, Some(_)) => return Err(FormatError::Export { reason: "a salt is not expected" }),
        (_, salt) => salt.unwrap_or_default(),
    };
    let text = match format {
        ImportFormat::SelfDescribing => hash.to_owned(),
        ImportFormat::Django => django(hash)?,
        ImportFormat::SaltedDigest { algorithm, layout, digest, salt: salt_encoding } => {
            let digest = digest.decode("the digest is not in its encoding", hash)?;
            let salt = salt_encoding.decode("the salt is not in its encoding", salt)?;
            salted_digest(*algorithm, layout.map(|layout| (layout, salt)), &digest)
        }
        ImportFormat::NtHash => format!("$3$${}", hash.to_ascii_lowercase()),
        ImportFormat::AspNetMembership { algorithm } => {
            let digest = ByteEncoding::Base64.decode("the hash is not Base64", hash)?;
            let salt = ByteEncoding::Base64.decode("the salt is not Base64", salt)?;
            let (salt, digest) = (BASE64_NOPAD.encode(&salt), BASE64_NOPAD.encode(&digest));
            format!("$aspnet-membership-{algorithm}${salt}${digest}")
        }
        ImportFormat::BetterAuth => better_auth(hash)?,
        ImportFormat::Keycloak => keycloak(hash)?,
        ImportFormat::Firebase { project, rounds, mem_cost, salt_separator } => {
            let digest = ByteEncoding::Base64.decode("the hash is not Base64", hash)?;
            let mut salt = ByteEncoding::Base64.decode("the salt is not Base64", salt)?;
            salt.extend_from_slice(salt_separator);
            let (salt, digest) = (BASE64_NOPAD.encode(&salt), BASE64_NOPAD.encode(&digest));
            format!("$firebase-scrypt$ln={mem_cost},r={rounds},project={project}${salt}${digest}")
        }
        ImportFormat::Crypt => systems::crypt(hash),
        ImportFormat::Devise { pepper } => format!("$devise$pepper={pepper}{hash}"),
        ImportFormat::Dovecot => systems::dovecot(hash)?,
        ImportFormat::Joomla => systems::joomla(hash)?,
        ImportFormat::Magento => systems::magento(hash)?,
        ImportFormat::Meteor => systems::meteor(hash)?,
        ImportFormat::MyBb => with_salt("$mybb", ByteEncoding::Hexadecimal, hash, salt)?,
        ImportFormat::Mysql => systems::mysql(hash)?,
        ImportFormat::Okta => okta(hash)?,
        ImportFormat::OpenCart => with_salt("$opencart", ByteEncoding::Hexadecimal, hash, salt)?,
        ImportFormat::Pbkdf2 { algorithm, iterations, digest, salt: salt_encoding } => {
            let tag = digest.decode("the tag is not in its encoding", hash)?;
            let salt = salt_encoding.decode("the salt is not in its encoding", salt)?;
            pbkdf2(*algorithm, *iterations, &salt, &tag)
        }
        ImportFormat::Spring => spring::stored_text(hash)?,
        ImportFormat::Symfony { algorithm, iterations, digest } => {
            with_salt(&format!("$symfony-{algorithm}$i={iterations}"), *digest, hash, salt)?
        }
        ImportFormat::VBulletin => with_salt("$vbulletin", ByteEncoding::Hexadecimal, hash, salt)?,
        ImportFormat::Werkzeug => systems::werkzeug(hash)?,
    };
    if Family::detect(&text) != Some(Family::Argon2) {
        ForeignHash::parse(&text)?;
    }
    Ok(text)
}

/// Whether `name` is a valid project name: 1 to 64 letters, digits and `-_.:`.
pub(crate) fn is_project_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(allowed)
}

fn django(hash: &str) -> Result<String, FormatError> {
    if let Some(phc) = hash.strip_prefix("argon2$") {
        return Ok(format!("${phc}"));
    }
    let (name, salt, digest) = match split(hash, '$') {
        Some([name @ ("md5" | "sha1"), salt, digest]) => (name, salt, digest),
        _ if hash.len() == 32 && !hash.contains('$') => ("md5", "", hash),
        _ => return Ok(hash.to_owned()),
    };
    let algorithm = if name == "md5" { DigestAlgorithm::Md5 } else { DigestAlgorithm::Sha1 };
    let digest = ByteEncoding::Hexadecimal.decode("the digest is not hexadecimal", digest)?;
    let salt = (!salt.is_empty()).then(|| (SaltLayout::SaltFirst, salt.as_bytes().to_vec()));
    Ok(salted_digest(algorithm, salt, &digest))
}

fn salted_digest(
    algorithm: DigestAlgorithm,
    salt: Option<(SaltLayout, Vec<u8>)>,
    digest: &[u8],
) -> String {
    let digest = BASE64_NOPAD.encode(digest);
    match salt {
        None => format!("$unsalted-{algorithm}${digest}"),
        Some((layout, salt)) => {
            let (layout, salt) = (layout.name(), BASE64_NOPAD.encode(&salt));
            format!("$salted-{algorithm}$layout={layout}${salt}${digest}")
        }
    }
}

/// Returns the PHC string of PBKDF2.
fn pbkdf2(algorithm: DigestAlgorithm, iterations: u32, salt: &[u8], tag: &[u8]) -> String {
    let length = tag.len();
    let (salt, tag) = (BASE64_NOPAD.encode(salt), BASE64_NOPAD.encode(tag));
    format!("$pbkdf2-{algorithm}$i={iterations},l={length}${salt}${tag}")
}

/// Returns a text of its own for a digest and a salt, which is used as text.
fn with_salt(
    prefix: &str,
    encoding: ByteEncoding,
    digest: &str,
    salt: &str,
) -> Result<String, FormatError> {
    let digest = encoding.decode("the digest is not in its encoding", digest)?;
    let (salt, digest) = (BASE64_NOPAD.encode(salt.as_bytes()), BASE64_NOPAD.encode(&digest));
    Ok(format!("{prefix}${salt}${digest}"))
}

/// Lucia, whose hashes these were, wrote its version before them, and used a salt of letters and
/// digits; before that version, r was 8. The salt is always used as text.
fn better_auth(hash: &str) -> Result<String, FormatError> {
    let damaged = FormatError::Export { reason: "the form is not salt:hash in hexadecimal" };
    let (versioned, rest) = match hash.strip_prefix("s2:") {
        Some(rest) => (true, rest),
        None => (false, hash),
    };
    let [salt, tag] = split(rest, ':').ok_or(damaged.clone())?;
    let is_hex = salt.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_text = salt.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let r = match salt.len() {
        32 if is_hex => 16,
        16 if is_text => {
            if versioned {
                16
            } else {
                8
            }
        }
        _ => return Err(damaged),
    };
    let tag = HEXLOWER_PERMISSIVE.decode(tag.as_bytes()).map_err(|_| damaged.clone())?;
    if tag.len() != 64 {
        return Err(damaged);
    }
    let (salt, tag) = (BASE64_NOPAD.encode(salt.as_bytes()), BASE64_NOPAD.encode(&tag));
    Ok(format!("$better-auth$ln=14,r={r},p=1${salt}${tag}"))
}

#[cfg(feature = "keycloak")]
fn keycloak(hash: &str) -> Result<String, FormatError> {
    keycloak::stored_text(hash)
}

#[cfg(feature = "keycloak")]
fn okta(hash: &str) -> Result<String, FormatError> {
    okta::stored_text(hash)
}

#[cfg(not(feature = "keycloak"))]
fn okta(_: &str) -> Result<String, FormatError> {
    Err(FormatError::Disabled { family: Family::Pbkdf2, feature: "keycloak" })
}

#[cfg(not(feature = "keycloak"))]
fn keycloak(_: &str) -> Result<String, FormatError> {
    Err(FormatError::Disabled { family: Family::Pbkdf2, feature: "keycloak" })
}
