//! One-time passwords: time-based codes (RFC 6238) and issued codes.

use jiff::Timestamp;
use subtle::ConstantTimeEq;
use totp_rs::{Algorithm, Builder, Totp};
use zeroize::Zeroizing;

use crate::{
    AccountId, InstallationKey, InstallationKeyError, Plaintext, Randomness, RandomnessError,
    TokenDigest,
};

/// The time step of time-based codes, in seconds.
pub const STEP_SECONDS: u64 = 30;

/// The steps before and after the current one whose codes are accepted, to allow for clock drift.
const SKEW: u64 = 1;

/// How far the last step can be ahead of a code that is accepted, in steps. One that is farther
/// ahead was spent by a clock that ran ahead, and would block all codes until that time.
pub const MAX_STEPS_AHEAD: u64 = 2 * SKEW;

/// The stored data that one-time passwords of an account are verified with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OtpEnrollment {
    /// The secret of time-based codes, sealed with the installation key.
    pub sealed_secret: Option<Vec<u8>>,
    /// The last step whose code was accepted; codes of this and earlier steps are refused.
    pub last_step: Option<u64>,
    /// Digest and expiry of an issued code.
    pub code: Option<(TokenDigest, Timestamp)>,
}

/// The one-time password that a change spends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtpSpend {
    /// The time-based code of this step; earlier steps are spent too. It is unused if the last step
    /// is earlier, or more than [`MAX_STEPS_AHEAD`] later.
    Step(u64),
    /// The issued code of this digest.
    Code(TokenDigest),
}

/// A new secret for time-based codes, which is shown to its holder once.
pub struct OtpSecret(Totp);

impl std::fmt::Debug for OtpSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OtpSecret(..)")
    }
}

/// The enrollment cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OtpError {
    /// The secret cannot be decrypted.
    #[error("the OTP secret cannot be decrypted")]
    Sealed(#[from] InstallationKeyError),
    /// The random source failed.
    #[error("no random bytes for an OTP secret")]
    Randomness(#[from] RandomnessError),
    /// The issuer or the account name is not allowed in an otpauth URI.
    #[error("the issuer or account name is not allowed in an otpauth URI: {0}")]
    Uri(String),
}

impl OtpSecret {
    /// Generates a secret of 160 random bits, as RFC 4226, section 4 recommends. Its codes have six
    /// digits, SHA-1 and steps of 30 seconds, which all authenticator apps support.
    ///
    /// # Errors
    /// When the random source fails, or a name contains a colon.
    pub fn generate(
        issuer: &str,
        account_name: &str,
        randomness: &dyn Randomness,
    ) -> Result<Self, OtpError> {
        let mut secret = vec![0; 20];
        randomness.fill(&mut secret)?;
        totp(secret)
            .with_issuer(Some(issuer))
            .with_account_name(account_name)
            .build()
            .map(Self)
            .map_err(|error| OtpError::Uri(error.to_string()))
    }

    /// Returns the `otpauth://` URI for authenticator apps.
    ///
    /// # Errors
    /// When issuer or account name is not allowed in a URI.
    pub fn uri(&self) -> Result<Plaintext, OtpError> {
        self.0.to_url().map(Plaintext::new).map_err(|error| OtpError::Uri(error.to_string()))
    }

    /// Returns the code at a time, as an authenticator app shows it.
    pub fn code(&self, at: Timestamp) -> Plaintext {
        code_of_step(&self.0, step_of(at))
    }

    /// Seals the secret, for a store.
    ///
    /// # Errors
    /// When the random source fails.
    pub fn seal(
        &self,
        account: AccountId,
        key: &InstallationKey,
        randomness: &dyn Randomness,
    ) -> Result<Vec<u8>, OtpError> {
        Ok(key.seal(&purpose(account), self.0.secret().as_bytes(), randomness)?)
    }
}

/// Returns the digest of an issued one-time code; keyed, because eight digits can be guessed.
pub fn code_digest(account: AccountId, code: &Plaintext, key: &InstallationKey) -> TokenDigest {
    let parts = [account.0.as_bytes().as_slice(), code.expose().as_bytes()];
    TokenDigest::from_bytes(key.digest("one-time code", &parts))
}

/// Generates a one-time code of eight decimal digits.
///
/// # Errors
/// When the random source fails.
pub fn issue_code(randomness: &dyn Randomness) -> Result<Plaintext, RandomnessError> {
    let mut bytes = [0; 8];
    randomness.fill(&mut bytes)?;
    // 2^64 is so much larger than 10^8 that the bias of the remainder is below 10^-11.
    Ok(Plaintext::new(format!("{:08}", u64::from_be_bytes(bytes) % 100_000_000)))
}

/// Verifies a one-time password of an account. Returns the one-time password to spend, or `None` if
/// it is wrong.
///
/// Time-based codes are accepted one step early or late, and each step once. Issued codes are
/// accepted until they expire.
///
/// # Errors
/// When the stored secret cannot be decrypted.
pub fn check(
    account: AccountId,
    enrollment: &OtpEnrollment,
    presented: &Plaintext,
    key: &InstallationKey,
    now: Timestamp,
) -> Result<Option<OtpSpend>, OtpError> {
    if let Some((digest, expires_at)) = &enrollment.code {
        let same = code_digest(account, presented, key).as_bytes().ct_eq(digest.as_bytes());
        if bool::from(same) && now < *expires_at {
            return Ok(Some(OtpSpend::Code(*digest)));
        }
    }
    let Some(sealed) = &enrollment.sealed_secret else {
        return Ok(None);
    };
    let secret: Zeroizing<Vec<u8>> = key.open(&purpose(account), sealed)?;
    let totp = totp(secret.to_vec()).build_noncompliant();
    let current = step_of(now);
    let fresh = |step: &u64| is_unused(*step, enrollment.last_step);
    Ok((current.saturating_sub(SKEW)..=current + SKEW)
        .filter(fresh)
        .find(|step| code_of_step(&totp, *step).same_as(presented))
        .map(OtpSpend::Step))
}

/// Returns whether the code of `step` is unused if `last` is the last step that was spent.
pub const fn is_unused(step: u64, last: Option<u64>) -> bool {
    match last {
        None => true,
        Some(last) => step > last || last > step + MAX_STEPS_AHEAD,
    }
}

fn totp(secret: Vec<u8>) -> Builder {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(0)
        .with_step_duration(STEP_SECONDS)
        .with_secret(secret)
}

fn code_of_step(totp: &Totp, step: u64) -> Plaintext {
    Plaintext::new(totp.generate(step * STEP_SECONDS).to_string())
}

fn step_of(moment: Timestamp) -> u64 {
    u64::try_from(moment.as_second()).unwrap_or_default() / STEP_SECONDS
}

fn purpose(account: AccountId) -> Vec<u8> {
    [b"otp:".as_slice(), account.0.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::SystemRandomness;

    const ACCOUNT: AccountId = AccountId(Uuid::nil());

    fn key() -> InstallationKey {
        InstallationKey::from_bytes([9; 32])
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn enrolled(secret: &OtpSecret) -> OtpEnrollment {
        let sealed = secret.seal(ACCOUNT, &key(), &SystemRandomness).unwrap();
        OtpEnrollment { sealed_secret: Some(sealed), ..OtpEnrollment::default() }
    }

    fn checked(enrollment: &OtpEnrollment, code: &Plaintext, now: Timestamp) -> Option<OtpSpend> {
        check(ACCOUNT, enrollment, code, &key(), now).unwrap()
    }

    /// RFC 6238, appendix B, SHA-1, cut to six digits.
    ///
    /// Proves RFC 6238.
    #[test]
    fn rfc_6238_vectors() {
        let totp = totp(b"12345678901234567890".to_vec()).build_noncompliant();
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            assert_eq!(code_of_step(&totp, step_of(at(second))).expose(), code);
        }
    }

    /// Proves RFC 6238.
    #[test]
    fn codes_are_accepted_at_most_one_step_early_or_late() {
        let secret = OtpSecret::generate("repass", "pat", &SystemRandomness).unwrap();
        let enrollment = enrolled(&secret);
        let code = secret.code(at(3000));
        for (now, accepted) in
            [(2940, false), (2970, true), (3000, true), (3059, true), (3060, false)]
        {
            assert_eq!(checked(&enrollment, &code, at(now)).is_some(), accepted, "{now}");
        }
    }

    /// Proves RFC 6238.
    #[test]
    fn a_secret_can_be_decrypted_for_its_account_only() {
        let secret = OtpSecret::generate("repass", "pat", &SystemRandomness).unwrap();
        let (code, other) = (secret.code(at(3000)), AccountId(Uuid::max()));
        let opened = check(other, &enrolled(&secret), &code, &key(), at(3000));
        assert!(matches!(opened, Err(OtpError::Sealed(_))), "{opened:?}");
    }

    #[test]
    fn each_step_is_accepted_once() {
        let secret = OtpSecret::generate("repass", "pat", &SystemRandomness).unwrap();
        let mut enrollment = enrolled(&secret);
        let code = secret.code(at(3000));
        assert_eq!(checked(&enrollment, &code, at(3000)), Some(OtpSpend::Step(100)));
        enrollment.last_step = Some(100);
        assert_eq!(checked(&enrollment, &code, at(3000)), None);
        assert!(checked(&enrollment, &secret.code(at(3030)), at(3030)).is_some());
    }

    #[test]
    fn issued_codes_are_accepted_until_they_expire() {
        let code = issue_code(&SystemRandomness).unwrap();
        let digest = code_digest(ACCOUNT, &code, &key());
        let enrollment =
            OtpEnrollment { code: Some((digest, at(600))), ..OtpEnrollment::default() };
        assert_eq!(code.expose().len(), 8);
        assert_eq!(checked(&enrollment, &code, at(599)), Some(OtpSpend::Code(digest)));
        assert_eq!(checked(&enrollment, &code, at(600)), None);
        assert_eq!(checked(&enrollment, &Plaintext::from("00000000x"), at(0)), None);
        assert_eq!(checked(&OtpEnrollment::default(), &code, at(0)), None);
    }
}
