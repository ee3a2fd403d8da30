//! Parses and decodes the parts of a hash.

#![cfg_attr(
    not(feature = "full"),
    allow(
        dead_code,
        reason = "which of these are needed depends on the families that are built in"
    )
)]

use std::ops::RangeInclusive;
use std::sync::LazyLock;

use data_encoding::{BitOrder, Encoding, Specification};

use crate::{Family, FormatError};

/// bcrypt's Base64, ignoring the trailing bits, as bcrypt does for salts. Old versions of PHP and
/// passlib set them.
pub(crate) static BCRYPT_SALT: LazyLock<Encoding> =
    LazyLock::new(|| encoding(BCRYPT_SYMBOLS, BitOrder::MostSignificantFirst, false, ("", "")));

/// bcrypt's Base64.
pub(crate) static BCRYPT_TAG: LazyLock<Encoding> =
    LazyLock::new(|| encoding(BCRYPT_SYMBOLS, BitOrder::MostSignificantFirst, true, ("", "")));

/// The Base64 of crypt(3) and phpass, least significant bits first.
pub(crate) static CRYPT: LazyLock<Encoding> =
    LazyLock::new(|| encoding(CRYPT_SYMBOLS, BitOrder::LeastSignificantFirst, true, ("", "")));

/// crypt(3)'s alphabet, most significant bits first, as in Cisco IOS.
pub(crate) static CISCO: LazyLock<Encoding> =
    LazyLock::new(|| encoding(CRYPT_SYMBOLS, BitOrder::MostSignificantFirst, true, ("", "")));

/// passlib's Base64: without padding, and with `.` for `+`.
pub(crate) static PASSLIB: LazyLock<Encoding> =
    LazyLock::new(|| encoding(BASE64_SYMBOLS, BitOrder::MostSignificantFirst, true, (".", "+")));

/// Base64 without padding, in the standard or the URL-safe alphabet.
pub(crate) static ANY_BASE64: LazyLock<Encoding> =
    LazyLock::new(|| encoding(BASE64_SYMBOLS, BitOrder::MostSignificantFirst, true, ("-_", "+/")));

const BASE64_SYMBOLS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BCRYPT_SYMBOLS: &str = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const CRYPT_SYMBOLS: &str = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

#[expect(clippy::expect_used, reason = "each is 64 different symbols, and the tests read them all")]
fn encoding(
    symbols: &str,
    bit_order: BitOrder,
    check_trailing_bits: bool,
    (from, to): (&str, &str),
) -> Encoding {
    let mut specification = Specification::new();
    specification.symbols.push_str(symbols);
    specification.bit_order = bit_order;
    specification.check_trailing_bits = check_trailing_bits;
    specification.translate.from.push_str(from);
    specification.translate.to.push_str(to);
    specification.encoding().expect("64 different symbols are an encoding")
}

/// The order in which the forms of crypt(3) over MD5 write the bytes of a digest.
pub(crate) const MD5_ORDER: [usize; 16] = [12, 6, 0, 13, 7, 1, 14, 8, 2, 15, 9, 3, 5, 10, 4, 11];

/// The order in which SHA-crypt writes the bytes of a digest of SHA-256.
pub(crate) const SHA256_ORDER: [usize; 32] = [
    20, 10, 0, 11, 1, 21, 2, 22, 12, 23, 13, 3, 14, 4, 24, 5, 25, 15, 26, 16, 6, 17, 7, 27, 8, 28,
    18, 29, 19, 9, 30, 31,
];

/// Returns the value of a character of crypt(3)'s Base64.
pub(crate) fn crypt_value(character: u8) -> Option<u8> {
    CRYPT_SYMBOLS
        .bytes()
        .position(|symbol| symbol == character)
        .and_then(|at| u8::try_from(at).ok())
}

/// Checks the characters of a salt of crypt(3), which libxcrypt restricts in this way.
pub(crate) fn check_salt(family: Family, salt: &str) -> Result<(), FormatError> {
    let is_valid = salt.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
    if is_valid { Ok(()) } else { Err(family.damaged("salt")) }
}

/// Returns Base64 without its padding, which is valid only up to a multiple of four.
pub(crate) fn unpadded(text: &str) -> &str {
    match text.len() % 4 {
        0 => text.strip_suffix("==").or(text.strip_suffix('=')).unwrap_or(text),
        _ => text,
    }
}

/// Splits `text` into exactly `N` parts.
pub(crate) fn split<const N: usize>(text: &str, separator: char) -> Option<[&str; N]> {
    let mut parts = text.split(separator);
    let mut result = [""; N];
    for part in &mut result {
        *part = parts.next()?;
    }
    parts.next().is_none().then_some(result)
}

impl Family {
    pub(crate) const fn damaged(self, reason: &'static str) -> FormatError {
        FormatError::Damaged { family: self, reason }
    }

    /// Returns `value` if it is within `bounds`.
    pub(crate) fn check_bounds(
        self,
        parameter: &'static str,
        value: u64,
        bounds: RangeInclusive<u64>,
    ) -> Result<u64, FormatError> {
        if bounds.contains(&value) {
            Ok(value)
        } else {
            Err(FormatError::OutOfBounds { family: self, parameter, value, bounds })
        }
    }

    /// Parses a decimal number without leading zeros, within `bounds`.
    pub(crate) fn parse_number(
        self,
        parameter: &'static str,
        text: &str,
        bounds: RangeInclusive<u32>,
    ) -> Result<u32, FormatError> {
        let canonical = text == "0" || !text.starts_with('0');
        if text.is_empty() || !canonical || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(self.damaged(parameter));
        }
        // Digits fail to parse only on overflow.
        let value = text.parse().unwrap_or(u64::MAX);
        let bounds = u64::from(*bounds.start())..=u64::from(*bounds.end());
        let value = self.check_bounds(parameter, value, bounds)?;
        u32::try_from(value).map_err(|_| self.damaged(parameter))
    }

    /// Parses a number with the prefix `name`, such as `r=8`.
    pub(crate) fn parse_named_number(
        self,
        parameter: &'static str,
        text: &str,
        name: &str,
        bounds: RangeInclusive<u32>,
    ) -> Result<u32, FormatError> {
        let number = text.strip_prefix(name).ok_or(self.damaged(parameter))?;
        self.parse_number(parameter, number, bounds)
    }

    /// Decodes `text` and checks the number of bytes.
    pub(crate) fn decode(
        self,
        parameter: &'static str,
        encoding: &Encoding,
        text: &str,
        bounds: RangeInclusive<u64>,
    ) -> Result<Vec<u8>, FormatError> {
        let bytes = encoding.decode(text.as_bytes()).map_err(|_| self.damaged(parameter))?;
        self.check_bounds(parameter, bytes.len() as u64, bounds)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_is_valid_and_round_trips() {
        let bytes: Vec<u8> = (0..=255).collect();
        for encoding in [&*BCRYPT_SALT, &*BCRYPT_TAG, &*CRYPT, &*CISCO, &*PASSLIB, &*ANY_BASE64] {
            assert_eq!(encoding.decode(encoding.encode(&bytes).as_bytes()).unwrap(), bytes);
        }
        assert_eq!(PASSLIB.decode(b"..//"), PASSLIB.decode(b"++//"));
        assert_eq!(ANY_BASE64.decode(b"-_+/"), ANY_BASE64.decode(b"+/+/"));
        assert_eq!(crypt_value(b'.'), Some(0));
        assert_eq!(crypt_value(b'z'), Some(63));
        assert_eq!(crypt_value(b'$'), None);
    }

    #[test]
    fn numbers_are_canonical_digits_within_bounds() {
        let read = |text| Family::Scrypt.parse_number("r", text, 0..=10);
        assert_eq!(read("0"), Ok(0));
        assert_eq!(read("10"), Ok(10));
        for damaged in ["", "01", "+1", "-1", " 1", "1 ", "1_0", "0x1", "\u{0661}"] {
            assert_eq!(read(damaged), Err(Family::Scrypt.damaged("r")), "{damaged}");
        }
        for (beyond, value) in [("11", 11), ("99999999999999999999999", u64::MAX)] {
            let bounds = 0..=10;
            let family = Family::Scrypt;
            let error = FormatError::OutOfBounds { family, parameter: "r", value, bounds };
            assert_eq!(read(beyond), Err(error));
        }
    }

    #[test]
    fn split_requires_the_exact_number_of_parts() {
        assert_eq!(split::<2>("a$b", '$'), Some(["a", "b"]));
        assert_eq!(split::<2>("a", '$'), None);
        assert_eq!(split::<2>("a$b$", '$'), None);
    }
}
