use jiff::Timestamp;
use repass_core::{Account, AccountId, Claim, ClaimedEvent, Context, EventKind, OutboxEvent};
use uuid::Uuid;

/// A password change with a complete request context.
pub(super) fn claimed() -> ClaimedEvent {
    claimed_of(EventKind::PasswordChanged)
}

/// The same with another kind.
pub(super) fn claimed_of(kind: EventKind) -> ClaimedEvent {
    let (realm, user_id) = ("shop".parse().unwrap(), "1001".parse().unwrap());
    let id = AccountId(Uuid::from_u128(1));
    let mut holder = Account::new(id, realm, user_id, Timestamp::UNIX_EPOCH);
    holder.email = "pat@example.org".parse().ok();
    holder.username = Some("pat".to_owned());
    let context = Context {
        peer: Some("10.0.0.7".to_owned()),
        ip_address: Some("203.0.113.9".to_owned()),
        user_agent: Some("Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Firefox/118.0".to_owned()),
        ..Context::new("zap")
    };
    let id = Uuid::from_u128(0x0b0e_4f3c_6a5f_4c43_9f0e_6b8d_6a2f_9f5e);
    let at = "2026-11-21T08:52:11Z".parse().unwrap();
    let event = OutboxEvent::new(id, at, kind, &holder, &context);
    let claim = Claim { event: id, channel: "mail".to_owned(), tries: 1 };
    ClaimedEvent { event, holder, claim }
}
