use std::net::IpAddr;

use askama::Template;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use repass_core::{Account, ClaimedEvent, EventKind, OutboxEvent};
use repass_messages::{Language, MAIL};
use serde_json::Value;

use super::reset_link::TokenLink;
use super::untrusted_text::{one_line, one_line_without_links};
use super::{Mail, Support};

/// The content of a mail for the templates. Untrusted values are one line without links; the HTML
/// template escapes them.
pub(super) struct Notice<'a> {
    language: Language,
    product: &'a str,
    /// The id of the message about the event.
    event: String,
    facts: Vec<Fact>,
    link: Option<TokenLink>,
    support: &'a Support,
}

struct Fact {
    /// The id of the message before the value.
    label: &'static str,
    value: String,
}

#[derive(Template)]
#[template(path = "notice.txt")]
struct Text<'a> {
    notice: &'a Notice<'a>,
}

#[derive(Template)]
#[template(path = "notice.html")]
struct Html<'a> {
    notice: &'a Notice<'a>,
}

impl<'a> Notice<'a> {
    /// Maximum length of an account name or user agent, in characters.
    const MAX_TEXT: usize = 120;

    pub(super) fn new(
        claimed: &ClaimedEvent,
        language: Language,
        kind: EventKind,
        link: Option<TokenLink>,
        mail: &'a Mail,
    ) -> Self {
        let event = &claimed.event;
        let mut facts = Vec::new();
        let mut add = |label, value: Option<String>| {
            facts.extend(value.map(|value| Fact { label, value }));
        };
        add("account", Some(account_name(&claimed.holder)));
        add("time", Some(date_and_time(event.at, language)));
        // An address in the request is only claimed by the caller.
        match address(event, "ip_address", mail) {
            Some(claimed) => add("claimed-address", Some(claimed)),
            None => add("address", address(event, "peer", mail)),
        }
        add("device", device(event));
        let event = match &link {
            Some(link) => {
                add("valid-until", Some(date_and_time(link.expires_at, language)));
                "reset-link".to_owned()
            }
            None => kind.as_str().replace('.', "-"),
        };
        Self { language, product: &mail.product, event, facts, link, support: &mail.support }
    }

    pub(super) fn subject(&self) -> String {
        format!("{}{} {}", self.product, self.message("colon"), self.title())
    }

    pub(super) fn language(&self) -> &'static str {
        self.language.subtag()
    }

    pub(super) fn title(&self) -> String {
        self.message(&self.event)
    }

    /// Returns an attribute of the message about the event.
    pub(super) fn event_text(&self, attribute: &str) -> String {
        self.message(&format!("{}.{attribute}", self.event))
    }

    fn message(&self, id: &str) -> String {
        MAIL.text(self.language, id, [])
    }

    pub(super) fn text(&self) -> Result<String, askama::Error> {
        Text { notice: self }.render()
    }

    pub(super) fn html(&self) -> Result<String, askama::Error> {
        Html { notice: self }.render()
    }
}

/// Returns the user name or id of the account. It may look like a link if it is the recipient's
/// address.
fn account_name(holder: &Account) -> String {
    let username = holder.username.as_deref().filter(|name| !one_line(name, 1).is_empty());
    let name = username.unwrap_or(holder.user_id.as_str());
    if holder.has_email(name) {
        one_line(name, Notice::MAX_TEXT)
    } else {
        one_line_without_links(name, Notice::MAX_TEXT)
    }
}

/// Formats a time in UTC, to the minute.
fn date_and_time(at: Timestamp, language: Language) -> String {
    let at = at.to_zoned(TimeZone::UTC);
    let (date, time) = (language.date(at.date()), at.strftime("%H:%M").to_string());
    MAIL.text(language, "date-and-time", [("date", date.into()), ("time", time.into())])
}

/// Returns an IP address of the event. Invalid addresses are not shown, and those of proxies and of
/// this machine say nothing about the holder.
fn address(event: &OutboxEvent, member: &str, mail: &Mail) -> Option<String> {
    let address: IpAddr = text(event, member)?.trim().parse().ok()?;
    let address = address.to_canonical();
    let is_proxy = mail.proxies.iter().any(|proxy| proxy.contains(&address));
    (!address.is_loopback() && !is_proxy).then(|| address.to_string())
}

fn device(event: &OutboxEvent) -> Option<String> {
    let agent = one_line_without_links(text(event, "user_agent")?, Notice::MAX_TEXT);
    (!agent.is_empty()).then_some(agent)
}

fn text<'a>(event: &'a OutboxEvent, member: &str) -> Option<&'a str> {
    event.payload.get(member).and_then(Value::as_str)
}
