//! The reset token in an event that is mailed: encrypted, so that the database has no readable one.

use data_encoding::BASE64;
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use uuid::Uuid;

use super::OutboxEvent;
use crate::{InstallationKey, InstallationKeyError, Plaintext, Randomness, RandomnessError};

const SEALED_TOKEN: &str = "sealed_token";
const EXPIRES_AT: &str = "expires_at";

impl OutboxEvent {
    /// Adds a reset token to the payload: `sealed_token`, encrypted with the installation key for
    /// this event only (Base64), and `expires_at`.
    pub(crate) fn seal_token(
        &mut self,
        token: &Plaintext,
        expires_at: Timestamp,
        key: &InstallationKey,
        randomness: &dyn Randomness,
    ) -> Result<(), RandomnessError> {
        let sealed = key.seal(&purpose(self.id), token.expose().as_bytes(), randomness)?;
        self.payload[SEALED_TOKEN] = BASE64.encode(&sealed).into();
        self.payload[EXPIRES_AT] = json!(expires_at);
        Ok(())
    }

    /// Returns when the sealed reset token of this event expires; `None` if the event has none.
    pub fn sealed_token_expires_at(&self) -> Option<Timestamp> {
        self.payload.get(SEALED_TOKEN)?;
        self.payload.get(EXPIRES_AT)?.as_str()?.parse().ok()
    }

    /// Decrypts the sealed reset token of this event.
    ///
    /// # Errors
    /// When it was sealed with another installation key or for another event, is damaged, or does
    /// not exist.
    pub fn open_token(&self, key: &InstallationKey) -> Result<Plaintext, InstallationKeyError> {
        let wrong = |_| InstallationKeyError::WrongKey;
        let sealed = self.payload.get(SEALED_TOKEN).and_then(Value::as_str).unwrap_or_default();
        let sealed = BASE64.decode(sealed.as_bytes()).map_err(wrong)?;
        let mut token = key.open(&purpose(self.id), &sealed)?;
        let token = String::from_utf8(std::mem::take(&mut *token));
        token.map(Plaintext::new).map_err(|_| InstallationKeyError::WrongKey)
    }

    /// Returns the payload without the sealed reset token, to be shown or sent to other systems.
    pub fn public_payload(&self) -> Value {
        without_sealed_token(&self.payload)
    }
}

/// Serializes a payload without the sealed reset token.
pub(super) fn serialize_public<S: Serializer>(
    payload: &Value,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    without_sealed_token(payload).serialize(serializer)
}

fn without_sealed_token(payload: &Value) -> Value {
    let mut payload = payload.clone();
    if let Some(members) = payload.as_object_mut() {
        members.remove(SEALED_TOKEN);
    }
    payload
}

fn purpose(event: Uuid) -> Vec<u8> {
    [b"reset token:".as_slice(), event.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Account, AccountId, Context, EventKind, SystemRandomness};

    fn event(id: u128) -> OutboxEvent {
        let (realm, user_id) = ("shop".parse().unwrap(), "pat".parse().unwrap());
        let account = Account::new(AccountId(Uuid::nil()), realm, user_id, Timestamp::UNIX_EPOCH);
        let (id, kind) = (Uuid::from_u128(id), EventKind::ResetRequested);
        OutboxEvent::new(id, Timestamp::UNIX_EPOCH, kind, &account, &Context::new("x"))
    }

    fn sealed(id: u128, key: &InstallationKey) -> OutboxEvent {
        let mut event = event(id);
        let (token, at) = (Plaintext::from("hunter2"), Timestamp::UNIX_EPOCH);
        event.seal_token(&token, at, key, &SystemRandomness).unwrap();
        event
    }

    #[test]
    fn a_sealed_token_is_opened_with_the_key_and_in_its_event_only() {
        let key = InstallationKey::from_bytes([1; 32]);
        let event = sealed(1, &key);
        assert_eq!(event.open_token(&key).unwrap().expose(), "hunter2");
        assert_eq!(event.sealed_token_expires_at(), Some(Timestamp::UNIX_EPOCH));
        assert!(event.open_token(&InstallationKey::from_bytes([2; 32])).is_err());
        assert!(OutboxEvent { id: Uuid::from_u128(2), ..event }.open_token(&key).is_err());
    }

    #[test]
    fn an_event_without_a_sealed_token_has_no_expiry() {
        let event = event(1);
        assert_eq!(event.sealed_token_expires_at(), None);
        assert!(event.open_token(&InstallationKey::from_bytes([1; 32])).is_err());
        assert_eq!(event.public_payload(), event.payload);
    }

    #[test]
    fn debug_json_and_the_public_payload_omit_the_sealed_token() {
        let event = sealed(1, &InstallationKey::from_bytes([1; 32]));
        let secret = event.payload[SEALED_TOKEN].as_str().unwrap();
        for shown in [
            format!("{event:?}"),
            serde_json::to_string(&event).unwrap(),
            event.public_payload().to_string(),
        ] {
            assert!(shown.contains("pat") && shown.contains("expires_at"), "{shown}");
            assert!(!shown.contains(SEALED_TOKEN) && !shown.contains(secret), "{shown}");
        }
    }
}
