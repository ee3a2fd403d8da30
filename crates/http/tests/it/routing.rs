//! Routing between several mounted APIs.

use http::{Method, Request, StatusCode};
use repass_http::{Mount, MountError, PasswordService, PasswordServiceBuilder};

use crate::capture;
use crate::test_context::{Answer, TestContext, send, text};
use crate::vendor::{Step, Vendor};

async fn service(mounts: &[(&'static str, &'static str, &str)]) -> PasswordService {
    let test = TestContext::new().await;
    let mut builder = PasswordService::builder(test.authenticator());
    for (name, path, prefix) in mounts {
        builder = builder.mount(test.mount(Vendor::new(name, path), prefix));
    }
    builder.build().unwrap()
}

async fn ask(service: &PasswordService, method: Method, path: &str) -> Answer {
    let request = Request::builder().method(method).uri(path).body(text("")).unwrap();
    send(service, request).await
}

async fn body_of(service: &PasswordService, path: &str) -> String {
    ask(service, Method::POST, path).await.body
}

#[tokio::test]
async fn each_api_answers_its_own_path_under_a_shared_prefix() {
    let service = service(&[("one", "/v1/a", "/p"), ("two", "/v1/b", "/p")]).await;
    assert_eq!(body_of(&service, "/p/v1/a").await, "one no key");
    assert_eq!(body_of(&service, "/p/v1/b").await, "two no key");
}

#[tokio::test]
async fn prefixes_match_exactly_and_at_segment_boundaries() {
    let service = service(&[("one", "/a", "/p"), ("two", "/a", "/pq")]).await;
    assert_eq!(body_of(&service, "/pq/a").await, "two no key");
    assert_eq!(body_of(&service, "/p/a?x=1").await, "one no key");
    for path in ["/P/a", "/%70/a", "//p/a", "/p//a", "/pqr/a"] {
        assert_eq!(ask(&service, Method::POST, path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_matching_path_wins_over_a_longer_prefix() {
    let service = service(&[("deep", "/x", "/p/v1"), ("flat", "/v1/a", "/p")]).await;
    assert_eq!(body_of(&service, "/p/v1/a").await, "flat no key");
    assert_eq!(body_of(&service, "/p/v1/x").await, "deep no key");
}

#[tokio::test]
async fn a_known_path_with_another_method_wins_over_not_found() {
    let service = service(&[("deep", "/x", "/p/v1"), ("flat", "/v1/a", "/p")]).await;
    let answer = ask(&service, Method::GET, "/p/v1/a").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.body, "flat other method");
}

#[tokio::test]
async fn apis_that_share_a_path_are_routed_by_method_and_allow_lists_both() {
    let test = TestContext::new().await;
    let put = Vendor { method: Method::PUT, ..Vendor::new("two", "/a") };
    let service = PasswordService::builder(test.authenticator())
        .mount(test.mount(Vendor::new("one", "/a"), ""))
        .mount(test.mount(put, ""))
        .build()
        .unwrap();
    assert_eq!(ask(&service, Method::POST, "/a").await.body, "one no key");
    assert_eq!(ask(&service, Method::PUT, "/a").await.body, "two no key");
    let answer = ask(&service, Method::DELETE, "/a").await;
    assert_eq!(answer.body, "one other method");
    assert_eq!(answer.headers["allow"], "POST, PUT");
}

#[tokio::test]
async fn not_found_is_answered_by_the_longest_prefix_then_by_the_first_mount() {
    let mounts = [
        ("root", "/p/v1/a", ""),
        ("first", "/v1/a", "/p"),
        ("second", "/v2/b", "/p"),
        ("deep", "/v2/b", "/p/q"),
    ];
    let service = service(&mounts).await;
    // The root mount has a longer common path, but the prefix /p is longer.
    assert_eq!(body_of(&service, "/p/v1/x").await, "first not found /v1/x");
    assert_eq!(body_of(&service, "/p/v2/x").await, "first not found /v2/x");
    assert_eq!(body_of(&service, "/p/q/x").await, "deep not found /x");
    assert_eq!(body_of(&service, "/p").await, "first not found /");
    assert_eq!(body_of(&service, "/x").await, "root not found /x");
}

#[tokio::test]
async fn a_path_without_a_prefix_is_answered_by_the_first_mount() {
    let service = service(&[("one", "/v1/a", "/p"), ("two", "/v2/b", "/longer")]).await;
    assert_eq!(body_of(&service, "/v2/b").await, "one not found /v2/b");
    assert_eq!(body_of(&service, "/zzz").await, "one not found /zzz");
    assert_eq!(ask(&service, Method::OPTIONS, "*").await.body, "one not found /");
}

#[tokio::test]
async fn the_log_names_the_api_that_answered() {
    let test = TestContext::new().await;
    let mount = test.mount(Vendor::new("one", "/v1/a"), "/p").with_name("shop");
    let service = PasswordService::builder(test.authenticator()).mount(mount).build().unwrap();
    let request = Request::get("/p/v1/a").header("x-request-id", "routing-1").body(text(""));
    send(&service, request.unwrap()).await;
    let line = capture::line_of("routing-1");
    assert_eq!((&line["api"], &line["vendor"]), (&"shop".into(), &"one".into()));
    assert_eq!((&line["realm"], &line["method"]), (&"test".into(), &"GET".into()));
    assert_eq!(line["outcome"], "method-not-allowed");
    assert!(line.get("peer").is_none() && line.get("path").is_none());
}

/// Proves W9 log.
#[tokio::test]
async fn the_log_of_an_unknown_path_names_the_path_and_no_api() {
    let service = service(&[("one", "/v1/a", "/p")]).await;
    let uri = format!("/p/v2/x{}?token=secret", "y".repeat(10_000));
    let request = Request::get(uri).header("x-request-id", "routing-2").body(text(""));
    send(&service, request.unwrap()).await;
    let line = capture::line_of("routing-2");
    assert_eq!((&line["outcome"], &line["status"]), (&"not-found".into(), &404.into()));
    let path = line["path"].as_str().unwrap();
    assert!(path.starts_with("/p/v2/xyyy") && path.len() <= 1024 && !path.contains("secret"));
    for field in ["api", "vendor", "realm"] {
        assert!(line.get(field).is_none(), "{field}");
    }
}

#[tokio::test]
async fn a_panic_while_routing_is_an_empty_500() {
    let test = TestContext::new().await;
    let service = PasswordService::builder(test.authenticator())
        .mount(test.mount(Vendor::new("one", "/a"), "/p"))
        .mount(test.mount(Vendor::new("two", "/b").panicking(&[Step::Begin]), "/q"))
        .mount(test.mount(Vendor::new("three", "/b").panicking(&[Step::NotFound]), "/r"))
        .build()
        .unwrap();
    assert_eq!(body_of(&service, "/p/a").await, "one no key");
    for path in ["/q/b", "/r/none"] {
        let answer = ask(&service, Method::POST, path).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(answer.body, "");
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
}

#[tokio::test]
async fn invalid_mounts_are_refused() {
    let test = TestContext::new().await;
    let build = |mounts: Vec<Mount>| {
        let builder = PasswordService::builder(test.authenticator());
        mounts.into_iter().fold(builder, PasswordServiceBuilder::mount).build().err()
    };
    let mount = |name, prefix| test.mount(Vendor::new(name, "/a"), prefix);
    assert_eq!(build(vec![]), Some(MountError::NoMounts));
    let twice = MountError::Twice { vendor: "one", prefix: "/p".parse().unwrap() };
    let message = "one is mounted twice below \"/p\"; give each mount its own prefix";
    assert_eq!(twice.to_string(), message);
    assert_eq!(build(vec![mount("one", "/p"), mount("one", "/p")]), Some(twice));
    assert_eq!(build(vec![mount("one", "/p"), mount("one", "/q"), mount("two", "/p")]), None);
}
