//! `kill -9` under load.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::Method;
use repass_testkit::fixtures;
use repass_tests::{FIRST_PASSWORD, Server};
use tokio::task::JoinSet;

use crate::requests::{CUSTOMER, JSON, Outcome, customer_body, outcome};

#[tokio::test(flavor = "multi_thread")]
async fn after_kill_9_each_password_is_the_last_acknowledged_one_or_the_one_in_flight() {
    let builder = Server::builder();
    let mut passwords: Vec<(String, String)> = (0..8)
        .map(|n| (format!("00000000-0000-4000-8000-00000000000{n}"), FIRST_PASSWORD.to_owned()))
        .collect();
    for round in 0..3 {
        let server = builder.start().await;
        let operator = server.operator().await;
        if round == 0 {
            for (user, _) in &passwords {
                operator.add("customer", user).await;
            }
        }
        drop(operator);
        let acknowledged = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        for (user, current) in passwords {
            let client = server.client();
            let acknowledged = Arc::clone(&acknowledged);
            tasks.spawn(async move {
                let mut last = current;
                for n in 0.. {
                    let next = format!("password {n} of round {round} of this one");
                    let body = customer_body(&user, &last, &next);
                    match client.try_send(Method::POST, CUSTOMER, &[JSON], body).await {
                        Ok(answer) => {
                            assert_eq!(outcome(&answer), Outcome::Changed, "{}", answer.text());
                            last = next;
                            acknowledged.fetch_add(1, Ordering::SeqCst);
                        }
                        Err(_) => return (user, last, next),
                    }
                }
                unreachable!("the loop ends by the server's death alone")
            });
        }
        while acknowledged.load(Ordering::SeqCst) < 30 {
            tokio::task::yield_now().await;
        }
        server.kill().await;
        let left = tasks.join_all().await;

        let server = builder.start().await;
        let operator = server.operator().await;
        passwords = Vec::new();
        for (user, last, in_flight) in left {
            let is_last = operator.is_password("customer", &user, &last).await;
            let is_in_flight = operator.is_password("customer", &user, &in_flight).await;
            assert!(is_last ^ is_in_flight, "{user} in round {round}");
            let now = if is_last { last } else { in_flight };
            // The next change works: no partial change is left.
            let next = format!("set after the crash of round {round}");
            let body = customer_body(&user, &now, &next);
            let answer = server.client().send(Method::POST, CUSTOMER, &[JSON], body).await;
            assert_eq!(outcome(&answer), Outcome::Changed, "{}", answer.text());
            passwords.push((user, next));
        }
        let audit = operator.audit().await;
        let changes = audit.iter().filter(|r| r.action == "password.change" && r.outcome == "ok");
        let events = { fixtures::events(&*operator.store).await.len() };
        assert_eq!(changes.count(), events, "audit and outbox agree");
        server.stop().await;
    }
}
