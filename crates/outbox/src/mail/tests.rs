mod reset_mails;

use std::path::Path;

use mail_parser::{MessageParser, MimeHeaders};
use proptest::prelude::*;
use repass_messages::MAIL;
use repass_testkit::ManualClock;
use serde_json::json;

use super::tests_support::{claimed, claimed_of};
use super::*;

fn options() -> MailOptions {
    MailOptions {
        server: SmtpServer {
            host: "smtp.example.org".to_owned(),
            port: None,
            encryption: Encryption::Implicit,
            credentials: None,
            ehlo_name: None,
            allow_plain_smtp: false,
        },
        timeout: Duration::from_secs(1),
        from: "Example Shop <accounts@example.org>".to_owned(),
        reply_to: Some("help@example.org".to_owned()),
        product: "Example Shop".to_owned(),
        support_url: Some("https://example.org/help?topic=account&lang=any".to_owned()),
        support_email: Some("help@example.org".to_owned()),
        default_language: Language::English,
        events: EventKind::ALL.to_vec(),
        proxies: vec!["192.0.2.0/24".parse().unwrap()],
    }
}

/// A clock at the time of the event.
fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(claimed().event.at))
}

fn mail() -> Mail {
    with_options(options()).unwrap()
}

fn with_options(options: MailOptions) -> Result<Mail, InvalidMail> {
    Mail::new(options, clock())
}

/// The message as sent.
fn raw(mail: &Mail, claimed: &ClaimedEvent, language: Language) -> String {
    let kind = mail.notified_kind(&claimed.event.kind).unwrap();
    let expires_at = claimed.event.sealed_token_expires_at();
    let link = expires_at.map(|expires_at| mail.token_link(claimed, expires_at).unwrap());
    let notice = Notice::new(claimed, language, kind, link, mail);
    let to = recipient::parse(claimed.holder.email.as_ref().unwrap().as_str()).unwrap();
    String::from_utf8(mail.message(to, claimed, &notice).unwrap().formatted()).unwrap()
}

/// The text and HTML parts, decoded.
fn parts(raw: &str) -> (String, String) {
    let message = MessageParser::default().parse(raw).unwrap();
    let decoded = |text: Option<std::borrow::Cow<'_, str>>| text.unwrap().replace("\r\n", "\n");
    assert_eq!((message.text_body.len(), message.html_body.len()), (1, 1), "{raw}");
    (decoded(message.body_text(0)), decoded(message.body_html(0)))
}

/// Compares `text` with a file of `tests/golden`. If `UPDATE` is set, writes the file.
#[track_caller]
fn assert_golden(name: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, text).unwrap();
    }
    let golden = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(golden, text, "{name}");
}

#[test]
fn the_mail_of_every_event_matches_its_golden_files() {
    for kind in EventKind::ALL {
        let (text, html) = parts(&raw(&mail(), &claimed_of(kind), Language::English));
        assert_golden(&format!("{}.txt", kind.as_str()), &text);
        assert_golden(&format!("{}.html", kind.as_str()), &html);
    }
}

#[test]
fn a_message_matches_its_golden_file_and_repeats_are_identical() {
    let message = raw(&mail(), &claimed(), Language::German);
    assert_eq!(message, raw(&mail(), &claimed(), Language::German), "a repeat is the same");
    assert_golden("password.changed.de.eml", &message.replace("\r\n", "\n"));
}

#[test]
fn the_headers_have_addresses_subject_id_date_and_auto_submitted() {
    let raw = raw(&mail(), &claimed(), Language::English);
    let message = MessageParser::default().parse(&raw).unwrap();
    let address = |list: Option<&mail_parser::Address<'_>>| {
        let address = list.unwrap().first().unwrap();
        (address.name().unwrap_or_default().to_owned(), address.address().unwrap().to_owned())
    };
    let of = |name: &str, address: &str| (name.to_owned(), address.to_owned());
    assert_eq!(address(message.from()), of("Example Shop", "accounts@example.org"));
    assert_eq!(address(message.to()), of("", "pat@example.org"));
    assert_eq!(address(message.reply_to()), of("", "help@example.org"));
    assert_eq!(message.subject(), Some("Example Shop: Your password was changed"));
    let id = claimed().event.id;
    assert_eq!(message.message_id(), Some(format!("{id}@example.org").as_str()));
    assert_eq!(message.date().unwrap().to_rfc3339(), "2026-11-21T08:52:11Z");
    let header = |name: &str| message.header(name).unwrap().as_text().unwrap().to_owned();
    assert_eq!(header("Auto-Submitted"), "auto-generated");
    assert!(raw.contains("\r\nContent-Language: en\r\n"), "{raw}");
    assert!(message.content_type().unwrap().subtype().unwrap() == "alternative");
}

/// The title and the sentences about an event.
fn event_texts(kind: EventKind, language: Language) -> (String, [String; 3]) {
    let event = kind.as_str().replace('.', "-");
    let text = |part: &str| MAIL.text(language, &format!("{event}{part}"), []);
    (text(""), [".happened", ".if-you", ".if-not-you"].map(text))
}

#[test]
fn every_message_is_used() {
    let code = concat!(
        include_str!("notice.rs"),
        include_str!("../../templates/notice.txt"),
        include_str!("../../templates/notice.html"),
    );
    let is_quoted = |id: &str| code.contains(&format!("\"{id}\""));
    let mut events = EventKind::ALL.map(|kind| kind.as_str().replace('.', "-")).to_vec();
    events.push("reset-link".to_owned());
    for id in MAIL.ids(Language::English) {
        let event = events.iter().find_map(|event| id.strip_prefix(event.as_str()));
        let is_used = match event {
            Some("") => true,
            Some(attribute) => is_quoted(attribute.trim_start_matches('.')),
            None => is_quoted(&id),
        };
        assert!(is_used, "{id}");
    }
}

#[test]
fn the_mail_of_every_event_is_complete_in_every_language() {
    for language in Language::ALL {
        for kind in EventKind::ALL {
            let (text, html) = parts(&raw(&mail(), &claimed_of(kind), language));
            let (title, sentences) = event_texts(kind, language);
            assert!(text.contains(&title) && html.contains(&title), "{text}");
            assert!(!title.ends_with('.'), "{title}");
            for sentence in sentences {
                assert!(text.contains(&sentence) && html.contains(&sentence), "{text}");
                assert!(sentence.ends_with('.'), "{sentence}");
                assert!(sentence.starts_with(char::is_uppercase), "{sentence}");
                assert!(sentence.chars().count() > 20, "{sentence}");
            }
            for fact in ["pat", "2026", "203.0.113.9", "Firefox/118.0", "help@example.org"] {
                assert!(text.contains(fact) && html.contains(fact), "{fact}: {text}");
            }
            assert!(!text.contains(['{', '}', '<', '>']), "{text}");
            assert!(!html.contains(['{', '}']), "{html}");
            assert!(html.contains(&format!("lang=\"{}\"", language.subtag())), "{html}");
        }
    }
}

#[test]
fn unknown_facts_are_not_shown() {
    let mut claimed = claimed();
    claimed.event.payload = json!({ "realm": "shop" });
    claimed.holder.username = Some(" \u{200b}".to_owned());
    let (text, _) = parts(&raw(&mail(), &claimed, Language::English));
    assert!(text.contains("Account: 1001\n"), "{text}");
    assert!(!text.contains("IP address") && !text.contains("Device"), "{text}");
    claimed.event.payload =
        json!({ "ip_address": "http://evil.example", "peer": "::ffff:1.2.3.4" });
    let (text, _) = parts(&raw(&mail(), &claimed, Language::English));
    assert!(text.contains("IP address: 1.2.3.4\n"), "{text}");
}

/// Proves W6.
#[test]
fn w6_addresses_of_this_machine_and_of_proxies_are_not_told() {
    let mut claimed = claimed();
    for (claim, peer, told) in [
        ("127.0.0.1", "::1", None),
        ("::ffff:127.0.0.1", "192.0.2.7", None),
        ("192.0.2.7", "198.51.100.1", Some("IP address: 198.51.100.1")),
        ("203.0.113.9", "127.0.0.1", Some("IP address (not verified): 203.0.113.9")),
    ] {
        claimed.event.payload = json!({ "ip_address": claim, "peer": peer });
        let (text, _) = parts(&raw(&mail(), &claimed, Language::English));
        let line = text.lines().find(|line| line.starts_with("IP address"));
        assert_eq!(line, told, "{claim} {peer}");
    }
}

/// Proves A5.
#[test]
fn a5_an_address_in_the_request_is_a_claim() {
    let mut claimed = claimed();
    claimed.event.payload = json!({ "ip_address": "203.0.113.9", "peer": "1.2.3.4" });
    for (language, label) in [
        (Language::English, "IP address (not verified): 203.0.113.9\n"),
        (Language::Spanish, "Dirección IP (sin verificar): 203.0.113.9\n"),
    ] {
        let (text, _) = parts(&raw(&mail(), &claimed, language));
        assert!(text.contains(label) && !text.contains("1.2.3.4"), "{text}");
    }
}

#[test]
fn only_the_recipients_own_address_is_shown_as_an_address() {
    let mut claimed = claimed();
    claimed.holder.username = None;
    claimed.holder.user_id = "pat@example.org".parse().unwrap();
    let (text, _) = parts(&raw(&mail(), &claimed, Language::English));
    assert!(text.contains("Account: pat@example.org\n"), "{text}");
    claimed.holder.email = "elsewhere@example.org".parse().ok();
    let (text, _) = parts(&raw(&mail(), &claimed, Language::English));
    assert!(text.contains("Account: pat[@]example[.]org\n"), "{text}");
}

#[test]
fn an_invalid_option_is_named() {
    let invalid = |change: fn(&mut MailOptions)| {
        let mut options = options();
        change(&mut options);
        with_options(options).unwrap_err().member
    };
    assert_eq!(invalid(|it| it.server.host = "a b".to_owned()), "server");
    assert_eq!(invalid(|it| it.server.encryption = Encryption::None), "tls");
    assert_eq!(invalid(|it| it.from = "Shop".to_owned()), "from");
    assert_eq!(invalid(|it| it.from = "Shop <a@example.org>\nBcc: x@y.z".to_owned()), "from");
    assert_eq!(invalid(|it| it.reply_to = Some("a@".to_owned())), "reply_to");
    assert_eq!(invalid(|it| it.product = " ".to_owned()), "product");
    assert_eq!(invalid(|it| it.product = "a\nb".to_owned()), "product");
    assert_eq!(invalid(|it| it.product = "x".repeat(101)), "product");
    assert_eq!(invalid(|it| it.support_email = Some("help".to_owned())), "support_email");
    for url in ["javascript:alert(1)", "help", "https://", "mailto:x@y.z", "https://u:p@h/"] {
        let mut options = options();
        options.support_url = Some(url.to_owned());
        assert_eq!(with_options(options).unwrap_err().member, "support_url", "{url}");
    }
    let mut options = options();
    (options.support_url, options.support_email) = (None, None);
    assert_eq!(with_options(options).unwrap_err().member, "support_url");
}

#[tokio::test]
async fn other_events_and_accounts_without_an_address_count_as_delivered() {
    // There is no server, so connecting would fail.
    let mut options = options();
    options.events = vec![EventKind::PasswordChanged];
    let mail = with_options(options).unwrap();
    mail.deliver(&claimed_of(EventKind::AccountLocked)).await.unwrap();
    let mut unknown = claimed();
    unknown.event.kind = "account.renamed".to_owned();
    mail.deliver(&unknown).await.unwrap();
    let mut without_address = claimed();
    without_address.holder.email = None;
    mail.deliver(&without_address).await.unwrap();
}

#[tokio::test]
async fn an_invalid_address_is_a_permanent_failure() {
    // Valid in HTML, but not in SMTP.
    let mut claimed = claimed();
    claimed.holder.email = Some("pat..kake@example.org".parse().unwrap());
    let error = mail().deliver(&claimed).await.unwrap_err();
    assert!(error.is_permanent(), "{error}");
    assert!(!error.to_string().contains("kake"), "{error}");
}

fn hostile() -> impl Strategy<Value = String> {
    let markup = "[a-z.@:/ <>&\"'\\r\\n\\u{202e}{}%-]{0,60}";
    let known = prop_oneof![
        Just("</td></tr></table><script>alert(1)</script>".to_owned()),
        Just("\" onload=\"alert(1)".to_owned()),
        Just("\r\n.\r\nMAIL FROM:<eve@evil.example>\r\n".to_owned()),
        Just("\r\nBcc: eve@evil.example\r\n\r\n<b>".to_owned()),
        Just("\r\n--=_repass-0b0e4f3c6a5f4c439f0e6b8d6a2f9f5e--\r\n".to_owned()),
        Just("{{ product }}{% for %}".to_owned()),
        Just("https://evil.example/".to_owned()),
    ];
    prop_oneof![any::<String>(), markup, known]
}

proptest! {
    #[test]
    fn untrusted_values_cannot_inject_headers_lines_or_markup(
        name in hostile(),
        agent in hostile(),
        peer in hostile(),
        address in hostile(),
    ) {
        let mail = mail();
        let benign = raw(&mail, &claimed(), Language::English);
        let mut claimed = claimed();
        claimed.holder.username = Some(format!("x{name}"));
        claimed.event.payload["user_agent"] = json!(format!("x{agent}"));
        claimed.event.payload["peer"] = json!(peer);
        claimed.event.payload["language"] = json!(agent);
        let attacked = raw(&mail, &claimed, Language::English);
        let head = |raw: &str| {
            let head = raw.split("\r\n\r\n").next().unwrap().to_owned();
            head.lines().map(|line| line.split(':').next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        prop_assert_eq!(head(&attacked), head(&benign));

        let ((text, html), (benign_text, benign_html)) = (parts(&attacked), parts(&benign));
        prop_assert_eq!(text.lines().count(), benign_text.lines().count(), "{}", text);
        for mark in ['<', '>', '"'] {
            let count = |html: &str| html.chars().filter(|c| *c == mark).count();
            prop_assert_eq!(count(&html), count(&benign_html), "{}", html);
        }
        for text in [&text, &html] {
            prop_assert_eq!(text.matches("://").count(), if text.starts_with('<') { 2 } else { 1 });
            prop_assert!(!text.contains("evil.example"), "{}", text);
        }

        // A parsed address is exactly one address.
        if let Some(to) = recipient::parse(&address) {
            let to = to.email.to_string();
            prop_assert!(!to.contains(|c: char| c.is_whitespace() || c.is_control()), "{to}");
            prop_assert!(!to.contains(['<', '>', ',', '"']), "{to}");
        }
    }
}
