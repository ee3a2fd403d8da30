//! Mails with a reset link.

use std::sync::atomic::{AtomicU8, Ordering};

use repass_core::{
    ClaimEvents, Engine, InstallationKey, NewAccount, OutboxStore, Plaintext, Profile, Randomness,
    RandomnessError,
};
use repass_testkit::{MemoryStore, fixtures};

use super::*;

const PAGE: &str = "https://example.org/account/reset";

/// Returns different bytes each time, but the same in each test.
#[derive(Debug)]
struct Counter(AtomicU8);

impl Randomness for Counter {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
        bytes.fill_with(|| self.0.fetch_add(7, Ordering::Relaxed));
        Ok(())
    }
}

fn key() -> Arc<InstallationKey> {
    Arc::new(InstallationKey::from_bytes([3; 32]))
}

fn with_page(page: &str) -> Mail {
    mail().with_reset_link(ResetLink { url: page.parse().unwrap(), key: key() })
}

/// Returns the event of a reset by mail, which is valid for ten minutes.
async fn mailed(user_id: &str) -> ClaimedEvent {
    let store = MemoryStore::new();
    let hasher = Arc::new(fixtures::ConstantHasher::new(|_| true));
    let engine = Engine::builder(Arc::new(store.clone()), hasher, key())
        .clock(clock())
        .randomness(Arc::new(Counter(AtomicU8::new(0))))
        .build();
    let administration = engine.administration();
    let realm: repass_core::Realm = "shop".parse().unwrap();
    let new = NewAccount {
        realm: realm.clone(),
        user_id: user_id.parse().unwrap(),
        email: "pat@example.org".parse().ok(),
        username: None,
        profile: Profile::default(),
    };
    administration.add_account(new, None).await.unwrap();
    administration.mail_reset(&realm, user_id, Duration::from_secs(600)).await.unwrap();
    let (now, lease) = (clock().now(), Duration::from_secs(1));
    let claim = ClaimEvents { channels: &["mail"], now, lease, limit: 1 };
    store.claim(&claim).await.unwrap().remove(0)
}

fn token(claimed: &ClaimedEvent) -> Plaintext {
    claimed.event.open_token(&key()).unwrap()
}

#[tokio::test]
async fn the_mail_of_a_reset_link_matches_its_golden_files() {
    let (text, html) = parts(&raw(&with_page(PAGE), &mailed("1001").await, Language::English));
    assert_golden("reset.link.txt", &text);
    assert_golden("reset.link.html", &html);
}

#[tokio::test]
async fn a_reset_mail_has_link_expiry_and_advice_in_every_language() {
    let claimed = mailed("1001").await;
    let code = token(&claimed);
    let code = code.expose();
    let link = format!("{PAGE}#token={code}&user_id=1001&email=pat%40example.org");
    for language in Language::ALL {
        let (text, html) = parts(&raw(&with_page(PAGE), &claimed, language));
        assert_eq!(text.lines().filter(|line| *line == link).count(), 1, "{text}");
        assert_eq!(text.lines().filter(|line| *line == code).count(), 1, "{text}");
        assert!(html.contains(&format!(">{code}</strong>")), "{html}");
        let escaped = link.replace('&', "&#38;");
        let anchor = format!("<a href=\"{escaped}\">{escaped}</a>");
        assert!(html.contains(&anchor), "{html}");
        let message = |id: &str| MAIL.text(language, id, []);
        let expiry = text.lines().find(|line| line.starts_with(&message("valid-until"))).unwrap();
        assert!(expiry.contains("09:02") && expiry.contains("UTC"), "{expiry}");
        for part in ["", ".happened", ".if-you", ".code"].map(|part| format!("reset-link{part}")) {
            assert!(text.contains(&message(&part)) && html.contains(&message(&part)), "{text}");
        }
        assert!(text.contains(&message("reset-link.if-not-you")), "{text}");
        assert!(!text.contains(&message("reset-requested.if-you")), "{text}");
    }
}

#[tokio::test]
async fn a_link_of_any_length_and_user_id_is_whole_and_can_be_read_by_the_page() {
    let page = format!("{PAGE}/{}?lang=%C3%A9&x=1", "long/".repeat(300));
    for user_id in ["a b+c&token=x#?/%é\"<>", "00000000-0000-0000-0000-00000000000a"] {
        let claimed = mailed(user_id).await;
        let (text, _) = parts(&raw(&with_page(&page), &claimed, Language::French));
        let link = text.lines().find(|line| line.starts_with(PAGE)).unwrap();
        let (before, fragment) = link.split_once('#').unwrap();
        assert_eq!(before, page);
        let members: Vec<(String, String)> =
            form_urlencoded::parse(fragment.as_bytes()).into_owned().collect();
        let token = token(&claimed).expose().to_owned();
        let expected =
            [("token", token.as_str()), ("user_id", user_id), ("email", "pat@example.org")];
        assert_eq!(members, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(link.parse::<Url>().unwrap().as_str(), link);
    }
}

#[tokio::test]
async fn an_expired_link_is_not_mailed_and_counts_as_delivered() {
    let claimed = mailed("1001").await;
    let expires_at = claimed.event.sealed_token_expires_at().unwrap();
    // There is no server, so connecting would fail.
    let late = Arc::new(ManualClock::new(expires_at));
    let reset_link = || ResetLink { url: PAGE.parse().unwrap(), key: key() };
    let mail = Mail::new(options(), late).unwrap();
    mail.deliver(&claimed).await.unwrap();
    mail.with_reset_link(reset_link()).deliver(&claimed).await.unwrap();
}

#[tokio::test]
async fn a_link_that_cannot_be_made_is_a_permanent_failure() {
    let claimed = mailed("1001").await;
    let error = mail().deliver(&claimed).await.unwrap_err();
    assert!(error.is_permanent() && error.to_string().contains("mail.reset_url"), "{error}");
    let key = Arc::new(InstallationKey::from_bytes([4; 32]));
    let other = ResetLink { url: PAGE.parse().unwrap(), key };
    let error = mail().with_reset_link(other).deliver(&claimed).await.unwrap_err();
    assert!(error.is_permanent() && error.to_string().contains("installation key"), "{error}");
}

#[tokio::test]
async fn a_reset_without_a_sealed_token_has_no_link() {
    let claimed = claimed_of(EventKind::ResetRequested);
    let (text, html) = parts(&raw(&with_page(PAGE), &claimed, Language::English));
    assert!(!text.contains(PAGE) && !html.contains(PAGE), "{text}");
    assert_eq!((text, html), parts(&raw(&mail(), &claimed, Language::English)));
}
