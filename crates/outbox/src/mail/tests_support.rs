use jiff::Timestamp;
use repass_core::{
    Account, AccountId, Claim, ClaimedEvent, Context, EventKind, OutboxEvent, Profile,
};
use uuid::Uuid;

/// A change of Pat's password, with a request of which everything is known.
pub(super) fn claimed() -> ClaimedEvent {
    claimed_of(EventKind::PasswordChanged)
}

/// The same of another kind.
pub(super) fn claimed_of(kind: EventKind) -> ClaimedEvent {
    let holder = Account {
        id: AccountId(Uuid::from_u128(1)),
        realm: "shop".parse().unwrap(),
        user_id: "1001".parse().unwrap(),
        email: Some("pat@example.org".to_owned()),
        username: Some("pat".to_owned()),
        profile: Profile::default(),
        active: true,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
    };
    let context = Context {
        peer: Some("10.0.0.7".to_owned()),
        ip_address: Some("203.0.113.9".to_owned()),
        user_agent: Some("Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Firefox/118.0".to_owned()),
        ..Context::new("zap")
    };
    let id = Uuid::from_u128(0x0b0e_4f3c_6a5f_4c43_9f0e_6b8d_6a2f_9f5e);
    let at = "2026-11-21T08:52:11Z".parse().unwrap();
    let event = OutboxEvent::new(id, at, kind, &holder, &context);
    ClaimedEvent { event, holder, delivered: Vec::new(), claim: Claim { event: id, tries: 1 } }
}
