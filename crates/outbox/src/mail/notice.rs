use std::net::IpAddr;

use askama::Template;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use repass_core::{Account, ClaimedEvent, EventKind, OutboxEvent};
use repass_messages::{Language, MAIL};
use serde_json::Value;

use super::Support;
use super::foreign_text::{one_line, one_line_without_links};

/// All that a mail tells, ready to be laid out. What came with a request or from the holder is one
/// line without links; the templates escape it where that is needed.
pub(super) struct Notice<'a> {
    language: Language,
    product: &'a str,
    /// The message about the event.
    event: String,
    facts: Vec<Fact>,
    support: &'a Support,
}

struct Fact {
    /// The message that stands before the value.
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
    /// The most characters of an account's name or of a user agent that are shown.
    const MAX_TEXT: usize = 120;

    pub(super) fn new(
        claimed: &ClaimedEvent,
        language: Language,
        kind: EventKind,
        product: &'a str,
        support: &'a Support,
    ) -> Self {
        let event = &claimed.event;
        let mut facts = Vec::new();
        let mut tell = |label, value: Option<String>| {
            facts.extend(value.map(|value| Fact { label, value }));
        };
        tell("account", Some(account_name(&claimed.holder)));
        tell("moment", Some(moment(event.at, language)));
        tell("address", address(event));
        tell("device", device(event));
        Self { language, product, event: kind.as_str().replace('.', "-"), facts, support }
    }

    pub(super) fn subject(&self) -> String {
        format!("{}{} {}", self.product, self.say("colon"), self.title())
    }

    pub(super) fn language(&self) -> &'static str {
        self.language.subtag()
    }

    pub(super) fn title(&self) -> String {
        self.say(&self.event)
    }

    /// What else is said of the event.
    pub(super) fn of_event(&self, attribute: &str) -> String {
        self.say(&format!("{}.{attribute}", self.event))
    }

    fn say(&self, id: &str) -> String {
        MAIL.text(self.language, id, [])
    }

    pub(super) fn text(&self) -> Result<String, askama::Error> {
        Text { notice: self }.render()
    }

    pub(super) fn html(&self) -> Result<String, askama::Error> {
        Html { notice: self }.render()
    }
}

/// What the holder knows the account by. A name that is the address which the mail goes to may stay
/// the link that mail programs make of it.
fn account_name(holder: &Account) -> String {
    let username = holder.username.as_deref().filter(|name| !one_line(name, 1).is_empty());
    let name = username.unwrap_or(holder.user_id.as_str());
    if holder.has_email(name) {
        one_line(name, Notice::MAX_TEXT)
    } else {
        one_line_without_links(name, Notice::MAX_TEXT)
    }
}

/// The moment as it is written in this language, in UTC, to the minute.
fn moment(at: Timestamp, language: Language) -> String {
    let at = at.to_zoned(TimeZone::UTC);
    let (date, time) = (language.date(at.date()), at.strftime("%H:%M").to_string());
    MAIL.text(language, "date-and-time", [("date", date.into()), ("time", time.into())])
}

/// The holder's network address as the caller told it, else that of the caller. What is none is not
/// shown.
fn address(event: &OutboxEvent) -> Option<String> {
    let told = ["ip_address", "peer"].into_iter().filter_map(|member| text(event, member));
    told.filter_map(|text| text.trim().parse::<IpAddr>().ok())
        .map(|address| address.to_canonical().to_string())
        .next()
}

fn device(event: &OutboxEvent) -> Option<String> {
    let agent = one_line_without_links(text(event, "user_agent")?, Notice::MAX_TEXT);
    (!agent.is_empty()).then_some(agent)
}

fn text<'a>(event: &'a OutboxEvent, member: &str) -> Option<&'a str> {
    event.payload.get(member).and_then(Value::as_str)
}
