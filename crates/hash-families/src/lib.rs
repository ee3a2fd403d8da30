//! Detects and verifies the password hashes of other systems, so that accounts can be migrated with
//! their passwords.
//!
//! The crate creates and stores no hashes. A verified hash should be replaced by Argon2 if it
//! [determines](ForeignHash::determines) the password. Argon2 itself is verified by `repass-core`.
//!
//! ```
//! # #[cfg(feature = "bcrypt")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use repass_hash_families::{
//!     ExportedHash, Family, ForeignHash, ImportFormat, Projects, stored_text,
//! };
//!
//! // At import: convert the fields of an export to the text to store.
//! let format = ImportFormat::from_options("self-describing", [])?;
//! let hash = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
//! let stored = stored_text(&format, ExportedHash { hash, salt: None })?;
//!
//! // At verification.
//! let hash = ForeignHash::parse(&stored)?;
//! assert_eq!(hash.family(), Family::Bcrypt);
//! assert!(hash.verify(b"U*U", &Projects::none())?);
//! assert!(!hash.verify(b"U*V", &Projects::none())?);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "bcrypt"))]
//! # fn main() {}
//! ```
//!
//! # Families
//!
//! | family | texts | written by | feature | bounds |
//! | --- | --- | --- | --- | --- |
//! | bcrypt | `$2a$` `$2b$` `$2x$` `$2y$`, `bcrypt$$2b$` | OpenBSD, PHP, Java, Go, Node, Python, Django | `bcrypt` | cost 4 to 16 |
//! | bcrypt-sha256 | `bcrypt_sha256$$2b$`, `$bcrypt-sha256$` | Django, passlib | `bcrypt` | cost 4 to 16 |
//! | wordpress | `$wp$2y$` | WordPress since 6.8 | `wordpress` | cost 4 to 16 |
//! | scrypt | `$scrypt$ln=,r=,p=$`, `scrypt$N$salt$r$p$`, `scrypt:N:r:p$`, `$7$` | passlib and PHC strings, Django, Werkzeug, crypt(3) | `scrypt` | 256 MiB; N·r·p at most 2²³; r and p 1 to 64 |
//! | better-auth | `$better-auth$ln=,r=,p=$`* | better-auth | `better-auth` | as scrypt |
//! | firebase-scrypt | `$firebase-scrypt$ln=,r=,project=$`* | Firebase | `firebase` | as scrypt |
//! | pbkdf2 | `$pbkdf2-sha256$i=,l=$`, `$pbkdf2-sha256$n$`, `{PBKDF2-SHA256}`, `pbkdf2_sha256$`, `pbkdf2:sha256:n$`, each with SHA-1, SHA-256 or SHA-512 | PHC strings, passlib, LDAP directories, Django, Werkzeug, and Keycloak by import | `pbkdf2`, `keycloak` | 10 000 000 iterations, counted for each block of the tag |
//! | aspnet-identity | Base64 beginning with a byte 0 or 1 | ASP.NET Identity, versions 2 and 3 | `aspnet` | as pbkdf2 |
//! | aspnet-membership | `$aspnet-membership-sha1$`* | ASP.NET's membership provider | `aspnet` | no parameters |
//! | md5-crypt | `$1$`, `$apr1$` | crypt(3), Apache | `crypt` | no parameters |
//! | sha-crypt | `$5$`, `$6$` | crypt(3) | `crypt` | 1000 to 1 000 000 rounds |
//! | yescrypt | `$y$` | crypt(3) | `crypt` | 256 MiB; N·r·p·(t+1) at most 2²³; r and p 1 to 64, t to 16 |
//! | phpass | `$P$`, `$H$` | WordPress before 6.8, phpBB, Joomla | `phpass` | 2⁷ to 2¹⁹ rounds |
//! | drupal | `$S$`, `U$S$` | Drupal 7 and later | `drupal` | 2⁷ to 2¹⁹ rounds |
//! | ldap-digest | `{SSHA}` `{SSHA256}` `{SSHA384}` `{SSHA512}` `{SMD5}`, the same without the first S | OpenLDAP, 389 Directory Server, Dovecot | `ldap` | salt of 128 bytes |
//! | nt-hash | `$3$$`* | Windows; FreeBSD's crypt(3) writes this text | `nt` | no parameters |
//! | salted-digest | `$salted-sha256$layout=$`*, `$unsalted-sha256$`* | custom applications | `salted-digest` | salt of 1024 bytes |
//!
//! [`stored_text`] creates the texts with a star from hashes that are not self-describing; all
//! others are stored unchanged. Texts of crypt(3) may have the prefix `{CRYPT}`, and bcrypt that of
//! Spring Security, `{bcrypt}`. Salts have at most 1024 bytes, texts [`MAX_TEXT_BYTES`], passwords
//! [`MAX_PASSWORD_BYTES`].
//!
//! Without bounds, an imported hash could make the server compute for any length of time at each
//! sign-in. The bounds accept the defaults of all systems and reasonable stronger settings; the
//! most expensive take seconds, on a slow machine up to half a minute. A hash out of bounds is
//! refused at import. If the bounds become narrower later, it is refused at verification.
//!
//! # Passwords
//!
//! Passwords are hashed as received, byte for byte, except for what the family itself does:
//!
//! - bcrypt hashes the first 72 bytes. `2a` and `2b` hash a NUL like any byte; `2x` and `2y`, which
//!   are written by C code, refuse a password with a NUL. The key is repeated with a NUL between,
//!   so that `a` and `a`, NUL, `a` are the same password.
//! - `2x` ignores up to three bytes before a byte from 0x80 on.
//! - scrypt, better-auth, Firebase, PBKDF2, ASP.NET Identity and yescrypt's flavor of scrypt use
//!   the password as the key of an HMAC, which ignores NULs at its end.
//! - better-auth normalizes to NFKC.
//! - WordPress trims white space.
//! - SHA-crypt accepts at most 511 bytes and Drupal 512, as libxcrypt and Drupal themselves do.
//! - NT hashes and ASP.NET's membership provider hash UTF-16, so passwords must be valid UTF-8.
//!
//! So a text that a hash accepts is not always the password that was set: bcrypt accepts a typing
//! error in the 80th character. Before you replace a stored hash by one of the accepted text, call
//! [`ForeignHash::determines`]. It returns false for
//!
//! - bcrypt, with a text of 72 bytes or more or with a NUL; `2x` also with a byte from 0x80 on;
//! - WordPress, with white space at an end;
//! - better-auth, with a text that is not in form NFKC;
//! - each family that takes the password as the key of an HMAC, with a NUL at the end.
//!
//! It returns true for all other texts, and for all texts of the other families (bcrypt-sha256,
//! md5-crypt, sha-crypt, the other flavors of yescrypt, phpass, drupal, ldap-digest, nt-hash,
//! aspnet-membership, salted-digest).
//!
//! # Features
//!
//! No feature is enabled by default; `full` enables all. A feature only adds families that are
//! verified: a hash of a family that is not built in is detected, and refused with
//! [`FormatError::Disabled`].

#[cfg(feature = "aspnet")]
mod aspnet_identity;
#[cfg(feature = "aspnet")]
mod aspnet_membership;
#[cfg(feature = "bcrypt")]
mod bcrypt;
#[cfg(feature = "bcrypt")]
mod bcrypt_sha256;
#[cfg(feature = "better-auth")]
mod better_auth;
mod digest;
#[cfg(feature = "drupal")]
mod drupal;
mod error;
mod family;
#[cfg(feature = "firebase")]
mod firebase;
mod foreign_hash;
mod import;
#[cfg(feature = "ldap")]
mod ldap_digest;
#[cfg(feature = "crypt")]
mod md5_crypt;
#[cfg(feature = "nt")]
mod nt_hash;
mod parsing;
#[cfg(feature = "pbkdf2")]
mod pbkdf2;
#[cfg(feature = "phpass")]
mod phpass;
mod projects;
mod resemblance;
#[cfg(feature = "salted-digest")]
mod salted_digest;
#[cfg(feature = "scrypt")]
mod scrypt;
#[cfg(feature = "crypt")]
mod sha_crypt;
#[cfg(any(feature = "aspnet", feature = "nt"))]
mod utf16;
#[cfg(feature = "wordpress")]
mod wordpress;
#[cfg(feature = "crypt")]
mod yescrypt;

pub use digest::DigestAlgorithm;
pub use error::{FormatError, VerifyError};
pub use family::Family;
pub use foreign_hash::{ForeignHash, MAX_PASSWORD_BYTES, MAX_TEXT_BYTES};
pub use import::{
    ByteEncoding, DeclarationError, ExportedHash, ImportFormat, SaltLayout, stored_text,
};
pub use projects::{InvalidProject, Projects};
