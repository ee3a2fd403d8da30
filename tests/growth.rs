//! Hostile requests of doubling size to all vendors, and in `growth/stored.rs` hostile stored
//! hashes and files of accounts. Twice the size takes at most about twice the allocations and twice
//! the memory, and no answer grows with its request. Work is measured by its allocations, never by
//! time. Tests of the crates count comparisons that do not allocate, such as those in customer's
//! `negotiation.rs`.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

#[path = "growth/stored.rs"]
mod stored;

use std::sync::Arc;

use allocation_counter::{AllocationInfo, measure};
use http::{Method, Request};
use repass_core::{
    AccountId, Caller, ChangeError, KeyId, KeyIdentity, KeyKind, Realm, SystemRandomness, TokenId,
    TokenIdentity,
};
use repass_spec::{Head, Rejection, RouteMatch, Spec};
use repass_spec_customer::CustomerSpec;
use repass_spec_ecom::EcomSpec;
use repass_spec_etna::EtnaSpec;
use repass_spec_fabric::FabricSpec;
use repass_spec_zap::{SecureOtp, ZapSpec};
use uuid::Uuid;

/// The longest answer, in bytes: a quoted part of the request, escaped in XML and in UTF-16.
const LONGEST_ANSWER: usize = 12 * 1024;

/// The largest memory that a request takes, in bytes for each byte of the request.
const MEMORY: u64 = 32;

/// The factor by which the work may grow when the size doubles.
const DOUBLED: f64 = 2.2;

/// The factor if only a bounded part of the request is read.
const BOUNDED: f64 = 1.05;

/// A request that is hostile by its size.
struct Hostile {
    name: String,
    spec: Box<dyn Spec>,
    growth: f64,
    make: Box<dyn Fn(usize) -> Request<Vec<u8>>>,
}

/// The work of a request.
struct Work {
    counted: AllocationInfo,
    longest_answer: usize,
}

/// Reads a request, and writes every kind of answer to it.
fn work(spec: &dyn Spec, request: Request<Vec<u8>>) -> Work {
    let (parts, body) = request.into_parts();
    let realm: Realm = "shop".parse().unwrap();
    let head = Head::new(&parts, &realm);
    let caller = caller(&realm);
    let mut longest_answer = 0;
    // Initializes values that are created once, such as catalogs of messages, so that they are not
    // counted.
    spec.not_found(&head);
    let counted = measure(|| {
        let mut answers = vec![spec.not_found(&head), spec.method_not_allowed(&head, "POST")];
        if let RouteMatch::Match(mut call) = spec.begin(&head) {
            call.credentials();
            answers.push(call.reject(Rejection::UnsupportedEncoding));
            let read = call.authorize(&caller).and_then(|()| call.read(&body, caller.clone()));
            answers.push(call.respond(Err(&ChangeError::WrongPassword)));
            answers.extend(read.err());
        }
        for answer in &answers {
            longest_answer = longest_answer.max(answer.body().len());
        }
    });
    Work { counted, longest_answer }
}

fn caller(realm: &Realm) -> Caller {
    let key = KeyIdentity { id: KeyId(Uuid::nil()), realm: realm.clone(), kind: KeyKind::Api };
    let token = TokenIdentity {
        id: TokenId(Uuid::nil()),
        issuer: None,
        account: AccountId(Uuid::nil()),
        realm: realm.clone(),
        user_id: "17".parse().unwrap(),
        roles: Vec::new(),
    };
    Caller { key: Some(key), token: Some(token) }
}

/// Returns `part` of 0, 1, 2 and so on, up to `size` bytes.
fn numbered(size: usize, part: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for number in 0.. {
        let part = part(number);
        if text.len() + part.len() > size {
            break;
        }
        text.push_str(&part);
    }
    text
}

fn repeated(size: usize, part: &str) -> String {
    numbered(size, |_| part.to_owned())
}

/// Returns `name` in the upper and lower case that `number` selects.
fn in_case(name: &str, number: usize) -> String {
    let upper = |at: usize| number >> at & 1 == 1;
    name.char_indices()
        .map(|(at, letter)| if upper(at) { letter.to_ascii_uppercase() } else { letter })
        .collect()
}

const SITE: &str = r#"{"account":"1234abcd5678efgh9ijklmno"}"#;

/// Returns every vendor, with the method and the path of a valid request.
fn vendors() -> [(&'static str, Method, &'static str); 5] {
    [
        ("customer", Method::POST, "/api/Customer/UpdateUserPassword"),
        ("ecom", Method::POST, "/api/rest/v1/ecom/integrations/updateUserChangePasswrod"),
        ("etna", Method::PUT, "/v1.0/users/@me/password/change"),
        ("fabric", Method::PATCH, "/api-commerceIdentity/auth/change-password"),
        ("zap", Method::POST, "/v1/changePassword"),
    ]
}

fn spec(vendor: &str) -> Box<dyn Spec> {
    match vendor {
        "customer" => Box::new(CustomerSpec::default()),
        "ecom" => Box::new(EcomSpec::new(Arc::new(SystemRandomness))),
        "etna" => Box::new(EtnaSpec::new()),
        "fabric" => Box::new(FabricSpec::new()),
        _ => Box::new(ZapSpec::new(SecureOtp::Optional)),
    }
}

/// A body of a media type, of about the given size.
type Body = (&'static str, &'static str, fn(usize) -> String);

const JSON: &str = "application/json";
const XML: &str = "application/xml";
const FORM: &str = "application/x-www-form-urlencoded";

/// JSON bodies for every vendor.
const JSON_BODIES: [Body; 11] = [
    ("unknown members", JSON, |size| object(size, |number| format!("\"{number}\":0,"))),
    ("one unknown member", JSON, |size| object(size, |_| "\"x\":[],".to_owned())),
    ("names in any case, of a wrong type", JSON, |size| {
        object(size, |number| {
            let name = ["OldPassword", "NewPassword", "Password"][number % 3];
            format!("\"{}\":1,", in_case(name, number / 3))
        })
    }),
    ("one name, of a wrong type", JSON, |size| object(size, |_| "\"UserId\":1,".to_owned())),
    ("one name, a text", JSON, |size| object(size, |_| "\"IPAddress\":\"\",".to_owned())),
    ("one object", JSON, |size| {
        object(size, |_| "\"queryInfo\":{\"parameters\":{\"params\":null}},".to_owned())
    }),
    ("nested arrays", JSON, |size| repeated(size, "[")),
    ("nested objects side by side", JSON, |size| {
        let nested = "{\"x\":".repeat(100) + "0" + &"}".repeat(100);
        object(size, |_| format!("\"x\":{nested},"))
    }),
    ("a long text of escapes", JSON, |size| {
        format!("{{\"OldPassword\":\"{}\"}}", repeated(size, "\\u00e9"))
    }),
    ("a long number", JSON, |size| format!("{{\"IPAddress\":1{}}}", repeated(size, "0"))),
    ("a long name", JSON, |size| format!("{{\"{}\":1}}", repeated(size, "UserId"))),
];

/// Form bodies.
const FORM_BODIES: [Body; 5] = [
    ("unknown fields", FORM, |size| numbered(size, |number| format!("{number}&"))),
    ("one field", FORM, |size| repeated(size, "UserId&")),
    ("brackets", FORM, |size| repeated(size, "[a]")),
    ("brackets that are not closed", FORM, |size| repeated(size, "[")),
    ("a long user id", FORM, |size| format!("UserId={}", repeated(size, "\u{1}"))),
];

/// XML bodies.
const XML_BODIES: [Body; 16] = [
    ("attributes of a long namespace", XML, |size| {
        let attributes = numbered(size / 2, |number| format!(" p:a{number}=''"));
        xml(&format!("<a xmlns:p='{}'{attributes}/>", repeated(size / 2, "u")))
    }),
    ("attributes of a long namespace under many prefixes", XML, |size| {
        let uri = repeated(size / 20, "u");
        let prefixes: String = (0..8).map(|number| format!(" xmlns:p{number}='{uri}'")).collect();
        let attributes = numbered(size / 2, |number| format!(" p{}:a{number}=''", number % 8));
        xml(&format!("<a{prefixes}{attributes}/>"))
    }),
    ("children in a long namespace", XML, |size| {
        let children = repeated(size / 2, "<b/>");
        xml(&format!("<a xmlns='{}'>{children}</a>", repeated(size / 2, "u")))
    }),
    ("members in a long namespace", XML, |size| {
        let children = repeated(size / 2, "<p:UserId/>");
        xml(&format!("<p:a xmlns:p='{}'>{children}</p:a>", repeated(size / 2, "u")))
    }),
    ("attributes", XML, |size| {
        xml(&format!("<a{}/>", numbered(size, |number| format!(" a{number}=''"))))
    }),
    ("long attributes", XML, |size| xml(&repeated(size, &format!("<a b='{}'/>", "x".repeat(500))))),
    ("declarations", XML, |size| {
        xml(&format!("<a{}/>", numbered(size, |number| format!(" xmlns:p{number}='u'"))))
    }),
    ("declarations, one after the other", XML, |size| {
        xml(&numbered(size, |number| format!("<a xmlns='u{number}' xmlns:p='v{number}'/>")))
    }),
    ("a declaration of many attributes", XML, |size| {
        format!("<?xml version='1.0'{}?><a/>", numbered(size, |number| format!(" a{number}=''")))
    }),
    ("references", XML, |size| {
        xml(&format!("<NewPassword>{}</NewPassword>", repeated(size, "&amp;")))
    }),
    ("references in an attribute", XML, |size| {
        xml(&format!("<a b='{}'/>", repeated(size, "&lt;")))
    }),
    ("a reference that does not end", XML, |size| xml(&repeated(size, "&"))),
    ("sections", XML, |size| {
        xml(&format!("<NewPassword>{}</NewPassword>", repeated(size, "<![CDATA[x]]>")))
    }),
    ("comments", XML, |size| xml(&repeated(size, "<!---->"))),
    ("nested elements", XML, |size| xml(&repeated(size, "<a>"))),
    ("a long text", XML, |size| {
        xml(&format!("<NewPassword>{}</NewPassword>", repeated(size, "\u{e9}\r")))
    }),
];

/// Returns an object with many members.
fn object(size: usize, member: impl Fn(usize) -> String) -> String {
    format!("{{{}}}", numbered(size, member).trim_end_matches(','))
}

/// Returns a request to customer with these children.
fn xml(children: &str) -> String {
    format!(
        "<UpdateUserPasswordRequest xmlns:i='http://www.w3.org/2001/XMLSchema-instance' \
         xmlns='http://schemas.datacontract.org/2004/07/BusinessLayer.Dto.Request'>{children}\
         </UpdateUserPasswordRequest>"
    )
}

fn hostile_bodies() -> Vec<Hostile> {
    let of_customer = XML_BODIES.iter().chain(&FORM_BODIES).map(|body| ("customer", body));
    let of_zap = FORM_BODIES.iter().map(|body| ("zap", body));
    let of_all = JSON_BODIES.iter().flat_map(|body| vendors().map(|(vendor, ..)| (vendor, body)));
    let of_each = of_customer.chain(of_zap).chain(of_all);
    let hostile = of_each.map(|(vendor, &(what, media_type, body))| Hostile {
        name: format!("{vendor}, {media_type}: {what}"),
        spec: spec(vendor),
        growth: DOUBLED,
        make: Box::new(move |size| {
            request_to(vendor, None, &[("content-type", media_type.to_owned())], body(size))
        }),
    });
    hostile.collect()
}

/// A header of about the given size: its description, the factor of growth, and the fields.
type Fields = (&'static str, f64, fn(usize) -> Vec<(&'static str, String)>);

const FIELDS: [Fields; 11] = [
    ("Accept", BOUNDED, |size| vec![("accept", repeated(size, "a/b;q=0.1,"))]),
    ("Accept, a line each", BOUNDED, |size| vec![("accept", "a/b;q=0.1".to_owned()); size / 80]),
    ("Accept of ranges", BOUNDED, |size| vec![("accept", repeated(size, "text/*;q=0.1,"))]),
    ("Accept of parameters", DOUBLED, |size| {
        vec![("accept", format!("a/b{}", repeated(size, ";q=\"1\"")))]
    }),
    ("Accept of nothing", BOUNDED, |size| vec![("accept", repeated(size, " ,"))]),
    ("Accept-Charset", BOUNDED, |size| vec![("accept-charset", repeated(size, "x;q=0.1,"))]),
    ("Content-Type", DOUBLED, |size| vec![("content-type", format!("a/{}", repeated(size, "b")))]),
    ("Content-Type of parameters", DOUBLED, |size| {
        vec![("content-type", format!("text/json{}", repeated(size, ";charset=\"x\"")))]
    }),
    ("Host", DOUBLED, |size| {
        vec![("host", repeated(size, "h")), ("accept", "text/xml".to_owned())]
    }),
    ("credentials", DOUBLED, |size| {
        let token = repeated(size / 3, "t");
        vec![
            ("authorization", format!("Bearer {token}")),
            ("x-api-key", token.clone()),
            ("et-app-key", token),
        ]
    }),
    ("x-site-context", DOUBLED, |size| {
        let context = object(size / 2, |number| format!("\"{number}\":0,"));
        vec![("x-site-context", serde_json::to_string(&context).unwrap())]
    }),
];

/// A path of about the given size. It is answered in XML and UTF-16, where the answer is longest.
type Path = (&'static str, fn(usize) -> String);

const PATHS: [Path; 4] = [
    ("path", |size| format!("/{}", repeated(size, "&"))),
    ("path of segments", |size| repeated(size, "/v1")),
    ("path of a long user id", |size| {
        format!("/v1.0/users/{}/password/change", repeated(size, "%e9"))
    }),
    ("path of a long id", |size| {
        format!("/api/Customer/UpdateUserPassword/{}", repeated(size, "\""))
    }),
];

fn hostile_heads() -> Vec<Hostile> {
    let mut hostile = Vec::new();
    for (vendor, ..) in vendors() {
        for (what, growth, fields) in FIELDS {
            hostile.push(Hostile {
                name: format!("{vendor}: {what}"),
                spec: spec(vendor),
                growth,
                make: Box::new(move |size| {
                    request_to(vendor, None, &fields(size), "{}".to_owned())
                }),
            });
        }
        for (what, path) in PATHS {
            let utf_16 = [("accept", "text/xml"), ("accept-charset", "utf-16")];
            let fields = utf_16.map(|(name, value)| (name, value.to_owned()));
            hostile.push(Hostile {
                name: format!("{vendor}: {what}"),
                spec: spec(vendor),
                growth: DOUBLED,
                make: Box::new(move |size| {
                    request_to(vendor, Some(path(size)), &fields, "{}".to_owned())
                }),
            });
        }
        hostile.push(Hostile {
            name: format!("{vendor}: method"),
            spec: spec(vendor),
            growth: DOUBLED,
            make: Box::new(move |size| {
                let mut request = request_to(vendor, None, &[], String::new());
                *request.method_mut() = repeated(size, "M").parse().unwrap();
                request
            }),
        });
    }
    hostile
}

/// Returns a valid request with this path, these fields and this body.
fn request_to(
    vendor: &str,
    path: Option<String>,
    fields: &[(&'static str, String)],
    body: String,
) -> Request<Vec<u8>> {
    let (_, method, own) = vendors().into_iter().find(|(own, ..)| *own == vendor).unwrap();
    let mut request = Request::builder().method(method).uri(path.unwrap_or_else(|| own.to_owned()));
    for (name, value) in [("content-type", JSON), ("x-site-context", SITE)] {
        if fields.iter().all(|(own, _)| *own != name) {
            request = request.header(name, value);
        }
    }
    for (name, value) in fields {
        request = request.header(*name, value);
    }
    request.body(body.into_bytes()).unwrap()
}

/// Proves W2, W11.
#[test]
fn w2_w11_twice_the_body_is_twice_the_work() {
    assert_growth(&hostile_bodies(), [16 * 1024, 32 * 1024, 64 * 1024]);
}

/// Proves W2.
#[test]
fn w2_twice_the_head_is_twice_the_work() {
    assert_growth(&hostile_heads(), [4 * 1024, 8 * 1024, 16 * 1024]);
}

/// Asserts that no row grows too much.
fn assert_growth(table: &[Hostile], sizes: [usize; 3]) {
    let mut wrong = Vec::new();
    for Hostile { name, spec, growth, make } in table {
        let works = sizes.map(|size| work(&**spec, make(size)));
        wrong.extend(excesses(name, *growth, sizes, &works));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Returns a message about each measure that exceeds its limit.
fn excesses(name: &str, growth: f64, sizes: [usize; 3], works: &[Work; 3]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (size, Work { counted, longest_answer }) in sizes.iter().zip(works) {
        if *longest_answer > LONGEST_ANSWER {
            wrong.push(format!("{name}: {size} bytes get an answer of {longest_answer} bytes"));
        }
        if counted.bytes_max > MEMORY * *size as u64 {
            wrong.push(format!("{name}: {size} bytes take {} of memory", counted.bytes_max));
        }
    }
    for pair in works.windows(2) {
        let [one, two] = [&pair[0].counted, &pair[1].counted];
        let counts = (one.count_total, two.count_total, "allocations");
        let bytes = (one.bytes_total, two.bytes_total, "allocated bytes");
        for (one, two, what) in [counts, bytes] {
            if two as f64 > growth * one as f64 {
                wrong.push(format!("{name}: {one} {what} become {two}"));
            }
        }
    }
    wrong
}
