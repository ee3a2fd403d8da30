//! The vendors' pages (`crates/spec-*/README.md`): their form, and their examples, which are sent
//! to a server and compared byte for byte with its answers.

use std::fs;

use repass_tests::{Answer, FIRST_PASSWORD, Server, workspace};

use crate::requests::Wire;
use crate::test_context::{EASILY_OVERLOADED, SOON_LOCKED_OUT, TestContext, assert_locked_out};

/// The headers of an answer that a page shows, in its order. It says once what every answer has.
const SHOWN_HEADERS: [&str; 5] =
    ["content-type", "allow", "www-authenticate", "accept-encoding", "retry-after"];

/// The headers of a request for which a page shows placeholders.
const CREDENTIALS: [&str; 3] = ["authorization", "et-app-key", "x-api-key"];

pub(crate) fn page(spec: &str) -> String {
    fs::read_to_string(workspace().join(format!("crates/spec-{spec}/README.md"))).unwrap()
}

/// The examples of a page: the texts of its blocks of HTTP.
fn examples(page: &str) -> impl Iterator<Item = &str> {
    page.split("```http\n").skip(1).map(|rest| rest.split("```").next().unwrap())
}

/// A request or an answer as a page shows it.
pub(crate) struct Message<'a> {
    /// The first line.
    pub(crate) line: &'a str,
    /// The names in lower case, and the values.
    pub(crate) headers: Vec<(String, &'a str)>,
    pub(crate) body: &'a str,
}

impl<'a> Message<'a> {
    pub(crate) fn parse(text: &'a str) -> Self {
        let (head, body) = text.split_once("\n\n").expect("a body");
        let mut lines = head.lines();
        let line = lines.next().unwrap();
        let header = |line: &'a str| line.split_once(": ").expect("a header");
        let headers = lines.map(header).map(|(name, value)| (name.to_lowercase(), value));
        Self { line, headers: headers.collect(), body: body.trim_end() }
    }
}

/// The requests that a page shows.
pub(crate) fn shown_requests(page: &str) -> impl Iterator<Item = Message<'_>> {
    examples(page).filter(|example| !example.starts_with("HTTP/")).map(Message::parse)
}

/// The requests that the page shows, of which there are `N`, with the credentials of the good
/// request.
#[track_caller]
pub(crate) fn requests<const N: usize>(test: &TestContext) -> [Wire; N] {
    let page = page(test.spec);
    let requests = shown_requests(&page).map(|shown| request(test, shown));
    Vec::from_iter(requests).try_into().unwrap()
}

fn request(test: &TestContext, shown: Message<'_>) -> Wire {
    let line: Vec<&str> = shown.line.split(' ').collect();
    let headers = shown.headers.into_iter().map(|(name, value)| {
        let is_credential = CREDENTIALS.contains(&&*name);
        let value = if is_credential { test.good_header(&name) } else { value }.to_owned();
        (name, value)
    });
    Wire {
        spec: test.spec,
        method: line[0].parse().unwrap(),
        path: line[1].to_owned(),
        headers: headers.collect(),
        body: shown.body.to_owned(),
    }
}

/// The answers that the page of `spec` shows, as one text.
pub(crate) fn shown_answers(spec: &str) -> String {
    let page = page(spec);
    let answers: Vec<_> = examples(&page).filter(|text| text.starts_with("HTTP/")).collect();
    answers.join("\n")
}

/// Asserts that the page of `spec` shows these answers in this order and no others.
#[track_caller]
pub(crate) fn assert_shown(spec: &str, answers: &[Answer]) {
    let answers: Vec<_> = answers.iter().map(text).collect();
    let (received, shown) = (answers.join("\n"), shown_answers(spec));
    assert!(received == shown, "received:\n{received}\nshown:\n{shown}");
}

/// An answer as a page shows it.
fn text(answer: &Answer) -> String {
    let mut text = format!("HTTP/1.1 {}\n", answer.status);
    for name in SHOWN_HEADERS {
        for value in answer.headers.get_all(name) {
            text.push_str(&format!("{name}: {}\n", value.to_str().unwrap()));
        }
    }
    let body = answer.text();
    text + "\n" + body + if body.is_empty() { "" } else { "\n" }
}

/// Two answers to a wrong old password: of an account that is locked out, and of an overloaded
/// server. `wrong` is the status of the answer to any other wrong old password.
pub(crate) async fn refusals(spec: &'static str, wrong: u16) -> [Answer; 2] {
    let test = TestContext::open(spec, Server::builder().tables(SOON_LOCKED_OUT)).await;
    let guess = test.good.replace(FIRST_PASSWORD, "a wrong guess");
    assert_eq!(test.send(&guess).await.status, wrong);
    let locked_out = for_ten_minutes(test.send(&guess).await);

    let test = TestContext::open(spec, Server::builder().tables(EASILY_OVERLOADED)).await;
    assert!(test.good.changed(&test.send(&test.good).await));
    let guess = test.good.replace(FIRST_PASSWORD, "a wrong guess");
    let overloaded = test.overload(&guess, wrong).await.remove(0);
    [locked_out, overloaded]
}

/// The answer of an account that is locked out for ten minutes, some of which may have passed.
#[track_caller]
pub(crate) fn for_ten_minutes(mut answer: Answer) -> Answer {
    assert_locked_out(&answer);
    answer.headers.insert("retry-after", "600".parse().unwrap());
    answer
}

#[test]
fn pages_have_the_same_headings_and_number_their_rows_without_a_gap() {
    let expected = ["Request", "Answers", "What decides what", "Options", "From Rust"]
        .map(|it| format!("## {it}"));
    for spec in ["ecom", "etna", "zap", "customer", "fabric"] {
        let page = page(spec);
        let headings: Vec<_> = page.lines().filter(|line| line.starts_with("## ")).collect();
        assert_eq!(headings, expected, "{spec}");
        let answers = page.split("\n## ").nth(2).unwrap();
        let last = answers.lines().rfind(|line| line.starts_with("### "));
        assert_eq!(last, Some("### Examples"), "{spec}");

        let prefix = format!("| {}-", spec.to_uppercase());
        let ids = page.lines().filter_map(|line| line.strip_prefix(&prefix)?.split(' ').next());
        let ids: Vec<usize> = ids.map(|id| id.parse().unwrap()).collect();
        assert_eq!(ids, Vec::from_iter(1..=ids.len()), "{spec}");
        assert!(ids.len() > 30, "{spec}");
    }
}
