//! The password hashes of other systems: recognised, bounded and verified, so that accounts move over
//! with the passwords they have.
//!
//! It makes no hash and stores none: what it verifies is to be replaced by Argon2 at the next success
//! that [determines](ForeignHash::determines) the password.
//! It does not verify Argon2 either, which `repass-core` does. It reads no files and no tables.
//!
//! ```
//! # #[cfg(feature = "bcrypt")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use repass_hash_families::{ExportedHash, Family, ForeignHash, ImportFormat, Projects, imported};
//!
//! // At import: from the fields of an export to the text that is stored.
//! let format = ImportFormat::declared("self-describing", [])?;
//! let hash = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
//! let stored = imported(&format, ExportedHash { hash, salt: None })?;
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
//! | aspnet-membership | `$aspnet-membership-sha1$`* | ASP.NET's membership provider | `aspnet` | none to set |
//! | md5-crypt | `$1$`, `$apr1$` | crypt(3), Apache | `crypt` | none to set |
//! | sha-crypt | `$5$`, `$6$` | crypt(3) | `crypt` | 1000 to 1 000 000 rounds |
//! | yescrypt | `$y$` | crypt(3) | `crypt` | 256 MiB; N·r·p·(t+1) at most 2²³; r and p 1 to 64, t to 16 |
//! | phpass | `$P$`, `$H$` | WordPress before 6.8, phpBB, Joomla | `phpass` | 2⁷ to 2¹⁹ rounds |
//! | drupal | `$S$`, `U$S$` | Drupal 7 and later | `drupal` | 2⁷ to 2¹⁹ rounds |
//! | ldap-digest | `{SSHA}` `{SSHA256}` `{SSHA384}` `{SSHA512}` `{SMD5}`, the same without the first S | OpenLDAP, 389 Directory Server, Dovecot | `ldap` | salt of 128 bytes |
//! | nt-hash | `$3$$`* | Windows; FreeBSD's crypt(3) writes this text | `nt` | none to set |
//! | salted-digest | `$salted-sha256$layout=$`*, `$unsalted-sha256$`* | applications of their own | `salted-digest` | salt of 1024 bytes |
//!
//! A text with a star is what [`imported`] makes of hashes that do not describe themselves; all others
//! are stored as they are. What crypt(3) writes is also taken behind `{CRYPT}`, and bcrypt behind Spring
//! Security's `{bcrypt}`. Salts have at most 1024 bytes, texts [`MAX_TEXT_BYTES`], passwords
//! [`MAX_PASSWORD_BYTES`].
//!
//! The bounds are there because whoever imports a hash would otherwise choose how long the server
//! computes at each try. They let pass what the systems write by default and what is reasonable beyond
//! it; the costliest take seconds, on a slow machine up to half a minute. A hash out of bounds is refused at import and, should the bounds
//! have been narrower then, at verification.
//!
//! # Passwords
//!
//! Passwords are taken as received, byte for byte, but for what the family itself does:
//!
//! - bcrypt takes the first 72 bytes. A NUL is a byte like any other with `2a` and `2b`, which systems
//!   wrote that allow it; with `2x` and `2y`, which come from C, a password with a NUL is never right.
//!   The key is repeated with a NUL between, so that `a` and `a`, NUL, `a` are the same password.
//! - `2x` ignores up to three bytes before one from 0x80 on.
//! - scrypt, better-auth, Firebase, PBKDF2, ASP.NET Identity and yescrypt's flavour of scrypt take the
//!   password as the key of an HMAC, which ignores NULs at its end.
//! - better-auth takes the normalization form NFKC.
//! - WordPress takes off white space at both ends.
//! - SHA-crypt takes at most 511 bytes and Drupal 512, as libxcrypt and Drupal do themselves.
//! - NT hashes and ASP.NET's membership are over UTF-16, and nothing but UTF-8 can be right.
//!
//! So a text that a hash accepts is not always the password that was set: who mistypes the 80th
//! character of a password is accepted by bcrypt. Before a hash of the accepted text replaces the stored
//! one, ask [`ForeignHash::determines`]. It returns false for
//!
//! - bcrypt, with a text of 72 bytes or more or with a NUL; `2x` also with a byte from 0x80 on;
//! - WordPress, with white space at an end;
//! - better-auth, with a text that is not in form NFKC;
//! - each family that takes the password as the key of an HMAC, with a NUL at the end.
//!
//! All other texts, and all texts of the other families (bcrypt-sha256, md5-crypt, sha-crypt, the other
//! flavours of yescrypt, phpass, drupal, ldap-digest, nt-hash, aspnet-membership, salted-digest), are
//! determined.
//!
//! # Features
//!
//! None is on by default; `full` is all of them. A feature adds families that are verified and changes
//! nothing else: a text of a family that is not built in is recognised, and refused with
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
#[cfg(feature = "pbkdf2")]
mod pbkdf2;
#[cfg(feature = "phpass")]
mod phpass;
mod projects;
mod reading;
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
    ByteEncoding, DeclarationError, ExportedHash, ImportFormat, SaltLayout, imported,
};
pub use projects::{InvalidProject, Projects};
