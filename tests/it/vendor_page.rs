//! The examples of a vendor's page (`crates/spec-*/README.md`): requests to be sent, and answers to be
//! compared byte for byte.

use repass_tests::Answer;

use crate::requests::Wire;

/// The headers of an answer that a page shows, in its order. It says once what every answer has.
const SHOWN_HEADERS: [&str; 5] =
    ["content-type", "allow", "www-authenticate", "accept-encoding", "retry-after"];

/// The requests that `page` shows for `spec`, each in a block of its own.
pub(crate) fn requests(spec: &'static str, page: &str) -> Vec<Wire> {
    let blocks = page.split("```http\n").skip(1).map(|rest| rest.split("\n```").next().unwrap());
    blocks.filter(|block| !block.starts_with("HTTP/")).map(|block| request(spec, block)).collect()
}

fn request(spec: &'static str, block: &str) -> Wire {
    let (head, body) = block.split_once("\n\n").expect("a body");
    let mut lines = head.lines();
    let line: Vec<&str> = lines.next().unwrap().split(' ').collect();
    let headers = lines.map(|line| line.split_once(": ").expect("a header"));
    Wire {
        spec,
        method: line[0].parse().unwrap(),
        path: line[1].to_owned(),
        headers: headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect(),
        body: body.to_owned(),
    }
}

/// Asserts that `page` shows exactly this answer.
#[track_caller]
pub(crate) fn assert_shown(page: &str, answer: &Answer) {
    let mut shown = format!("HTTP/1.1 {}\n", answer.status);
    for name in SHOWN_HEADERS {
        for value in answer.headers.get_all(name) {
            shown.push_str(&format!("{name}: {}\n", value.to_str().unwrap()));
        }
    }
    shown.push_str(&format!("\n{}\n", answer.text()));
    assert!(page.contains(&shown), "the page does not show:\n{shown}");
}

/// The same of a refusal that asks to wait for up to ten minutes, which the page shows as 600 seconds.
#[track_caller]
pub(crate) fn assert_shown_for_ten_minutes(page: &str, mut answer: Answer) {
    crate::test_context::assert_locked_out(&answer);
    answer.headers.insert("retry-after", "600".parse().unwrap());
    assert_shown(page, &answer);
}
