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
#![doc = ""]
#![doc = include_str!("../FAMILIES.md")]
#![doc = ""]
//! [`stored_text`] creates the texts with a star from hashes that are not self-describing; all
//! others are stored unchanged. "By import" means that [`stored_text`] converts the texts of that
//! system to those of the family. Texts of crypt(3) may have the prefix `{CRYPT}`, and bcrypt that
//! of Spring Security, `{bcrypt}`. Salts have at most 1024 bytes, texts [`MAX_TEXT_BYTES`], passwords
//! [`MAX_PASSWORD_BYTES`].
//!
//! Without bounds, an imported hash could make the server compute for any length of time at each
//! sign-in. The bounds accept the defaults of all systems and reasonable stronger settings; the
//! most expensive take seconds, on a slow machine up to half a minute. A hash out of bounds is
//! refused at import. If the bounds become narrower later, it is refused at verification.
//! [`ForeignHash::estimated_time`] and [`is_costly`](ForeignHash::is_costly) tell hashes that take
//! a thread for more than [`MAX_USUAL_TIME`].
//!
//! Left out: hashes of Magento 2 with several versions of which one is Argon2, as in `1:2`, and those
//! of Oracle 10, which need the user's name. The password in a Samba directory is its NT hash.
//!
//! # Passwords
//!
//! Passwords are hashed as received, byte for byte, except for what the family itself does:
//!
//! - bcrypt hashes the first 72 bytes. `2`, `2a` and `2b` hash a NUL like any byte; `2x` and `2y`,
//!   which are written by C code, refuse a password with a NUL. The key is repeated with a NUL
//!   between, so that `a` and `a`, NUL, `a` are the same password.
//! - `2x` ignores up to three bytes before a byte from 0x80 on.
//! - The first `$2$` repeats the key without a NUL between, so that `a` and `aa` are the same.
//! - scrypt, better-auth, Firebase, Supabase, PBKDF2, SCRAM, Cisco IOS, SHA-1-crypt, ASP.NET
//!   Identity and yescrypt's flavor of scrypt use the password as the key of an HMAC, which ignores
//!   NULs at its end.
//! - DES crypt hashes seven bits of each byte, and in its traditional form the first eight bytes. It
//!   refuses a password with a NUL.
//! - PostgreSQL prepares a password by SASLprep, unless that forbids it.
//! - OpenCart and phpBB replace `&`, `<`, `>` and `"` by entities of HTML, and trim white space. The
//!   bcrypt of phpBB since 3.1 cannot be distinguished from others', so such passwords do not verify.
//! - better-auth normalizes to NFKC.
//! - WordPress and Drupal trim white space.
//! - SHA-crypt accepts at most 511 bytes, Drupal 512 and MySQL's `caching_sha2_password` 256, as
//!   libxcrypt, Drupal and MySQL themselves do.
//! - NT hashes, SQL Server and ASP.NET's membership provider hash UTF-16, so passwords must be valid UTF-8.
//!   libxcrypt and FreeBSD hash the bytes of a password as NT hash instead, so that theirs are
//!   verified for ASCII only.
//!
//! So a text that a hash accepts is not always the password that was set: bcrypt accepts a typing
//! error in the 80th character. Before you replace a stored hash by one of the accepted text, call
//! [`ForeignHash::determines`], which returns true for the texts in the last column of the table.
//!
//! # Features
//!
//! No feature is enabled by default; `full` enables all. A feature only adds families that are
//! verified: a hash of a family that is not built in is detected, and refused with
//! [`FormatError::Disabled`].

#[cfg(feature = "aix")]
mod aix;
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
#[cfg(feature = "cisco")]
mod cisco;
#[cfg(any(feature = "forums", feature = "phpass"))]
mod cleaned;
mod cost;
#[cfg(feature = "crypt")]
mod des_crypt;
#[cfg(feature = "bcrypt")]
mod devise;
mod digest;
#[cfg(feature = "drupal")]
mod drupal;
mod error;
mod family;
#[cfg(feature = "firebase")]
mod firebase;
mod foreign_hash;
#[cfg(feature = "forums")]
mod forums;
#[cfg(feature = "crypt")]
mod gost_yescrypt;
#[cfg(feature = "werkzeug")]
mod hmac_digest;
mod import;
#[cfg(feature = "ldap")]
mod ldap_digest;
#[cfg(feature = "crypt")]
mod md5_crypt;
#[cfg(feature = "mediawiki")]
mod mediawiki;
#[cfg(feature = "mssql")]
mod mssql;
#[cfg(feature = "mysql")]
mod mysql_native;
#[cfg(feature = "mysql")]
mod mysql_sha2;
#[cfg(feature = "nt")]
mod nt_hash;
#[cfg(feature = "oracle")]
mod oracle;
mod parsing;
#[cfg(feature = "pbkdf2")]
mod pbkdf2;
#[cfg(feature = "phpass")]
mod phpass;
mod projects;
mod resemblance;
#[cfg(feature = "salted-digest")]
mod salted_digest;
#[cfg(feature = "scram")]
mod scram;
#[cfg(feature = "scrypt")]
mod scrypt;
#[cfg(feature = "crypt")]
mod sha1_crypt;
#[cfg(feature = "crypt")]
mod sha_crypt;
#[cfg(feature = "spring")]
mod spring_standard;
#[cfg(feature = "crypt")]
mod sun_md5;
#[cfg(feature = "firebase")]
mod supabase;
#[cfg(feature = "symfony")]
mod symfony;
#[cfg(any(feature = "aspnet", feature = "mssql", feature = "nt"))]
mod utf16;
#[cfg(feature = "wordpress")]
mod wordpress;
#[cfg(feature = "crypt")]
mod yescrypt;

pub use digest::DigestAlgorithm;
pub use error::{FormatError, VerifyError};
pub use family::Family;
pub use foreign_hash::{ForeignHash, MAX_PASSWORD_BYTES, MAX_TEXT_BYTES, MAX_USUAL_TIME};
pub use import::{
    ByteEncoding, DeclarationError, ExportedHash, ImportFormat, SaltLayout, stored_text,
};
pub use projects::{InvalidProject, Projects};
pub use resemblance::Resemblance;
