//! PostgreSQL is stopped and started again, or cuts connections.

use std::sync::Arc;

use http::Method;
use repass_postgres_cluster::{Cluster, Mode};
use repass_tests::{Answer, Server};
use tokio::task::{JoinSet, block_in_place};

use super::load::Load;
use super::{Nodes, in_time};
use crate::health;
use crate::requests::good_requests;
use crate::test_context::{NEVER_LOCKED_OUT, NEW};

fn cluster() -> Arc<Cluster> {
    Arc::new(block_in_place(Cluster::start).unwrap())
}

#[track_caller]
fn assert_unavailable(spec: &str, answer: &Answer) {
    assert_eq!(answer.status, 503, "{spec}: {}", answer.text());
    assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1, "{spec}");
    answer.assert_common_headers();
    let body = answer.json();
    let words = match spec {
        "ecom" => &body["responseMessages"][0]["simpleResponse"]["responseText"],
        "etna" | "fabric" => &body["error"],
        "zap" => &body["data"],
        _ => &body["Message"],
    };
    assert!(words.as_str().is_some_and(|words| !words.is_empty()), "{spec}: {body}");
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(postgres_missing, ignore = "needs PostgreSQL")]
async fn without_its_database_the_service_says_503_and_recovers_by_itself() {
    let cluster = cluster();
    let builder = Server::builder_on(&cluster).tables("[admin]\nlisten = '127.0.0.1:0'\n");
    let server = builder.start().await;
    let operator = server.operator().await;
    let wires = good_requests(&operator, NEW).await;
    let probes = health::admin(&server);
    for mode in [Mode::Fast, Mode::Immediate] {
        block_in_place(|| cluster.stop(mode));
        let mut tasks = JoinSet::new();
        for wire in wires.clone() {
            let client = server.client();
            tasks.spawn(async move { (wire.spec, wire.send(&client).await) });
        }
        for (spec, answer) in in_time("all five answers", tasks.join_all()).await {
            assert_unavailable(spec, &answer);
        }
        assert_eq!(probes.send(Method::GET, "/healthz", &[], "").await.status, 200);
        let unready = probes.send(Method::GET, "/readyz", &[], "").await;
        assert_eq!(unready.status, 503);
        let said = unready.text().matches("cannot be reached").count();
        assert_eq!(said, 1, "{}", unready.text());
        block_in_place(|| cluster.restart());
        let ready = async {
            while probes.send(Method::GET, "/readyz", &[], "").await.status != 200 {
                tokio::task::yield_now().await;
            }
        };
        in_time("readiness", ready).await;
    }
    for wire in wires {
        let answered = async {
            loop {
                let answer = wire.send(&server.client()).await;
                if answer.status != 503 {
                    break answer;
                }
            }
        };
        let answer = in_time("an answer", answered).await;
        assert!(wire.changed(&answer), "{}: {}", wire.spec, answer.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(postgres_missing, ignore = "needs PostgreSQL")]
async fn a_database_that_crashes_under_load_loses_and_halves_no_change() {
    let cluster = cluster();
    let builder = Server::builder_on(&cluster).only("customer").tables(NEVER_LOCKED_OUT);
    let nodes = Nodes::start(&builder).await;
    let operator = nodes.a.operator().await;
    let mut load = Load::start(&operator, vec![nodes.a.client(), nodes.b.client()]).await;
    for _ in 0..2 {
        load.each(3, |tally| tally.acknowledged).await;
        block_in_place(|| cluster.stop(Mode::Immediate));
        load.each(1, |tally| tally.refused).await;
        block_in_place(|| cluster.restart());
    }
    load.each(3, |tally| tally.acknowledged).await;
    for lane in load.stop().await {
        assert_eq!(lane.tally().broken, 0, "the nodes answered all the time");
        lane.assert_whole(&operator).await;
    }
}

/// Proves P2.
#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(postgres_missing, ignore = "needs PostgreSQL")]
async fn p2_nodes_find_a_promoted_standby_and_answer_all_the_time() {
    let primary = cluster();
    let standby = Arc::new(block_in_place(|| primary.standby()).unwrap());
    let builder = Server::builder_on_pair(&primary, &standby)
        .only("customer")
        .tables(NEVER_LOCKED_OUT)
        .tables("[admin]\nlisten = '127.0.0.1:0'\n");
    let database = builder.database().clone();
    let nodes = Nodes::start(&builder).await;
    let operator = nodes.a.operator().await;
    let probes = health::admin(&nodes.a);
    let primary_sql = database.sql_of_primary().await;
    primary_sql.rows("ALTER SYSTEM SET synchronous_standby_names = 'standby'").await;
    primary_sql.rows("SELECT pg_reload_conf()").await;
    let mut load = Load::start(&operator, vec![nodes.a.client(), nodes.b.client()]).await;
    load.each(3, |tally| tally.acknowledged).await;

    block_in_place(|| primary.stop(Mode::Immediate));
    load.each(1, |tally| tally.refused).await;
    let unready = async {
        while probes.send(Method::GET, "/readyz", &[], "").await.status != 503 {
            tokio::task::yield_now().await;
        }
    };
    in_time("a standby that is not ready", unready).await;

    let standby_sql = database.sql().await;
    standby_sql.rows("SELECT pg_promote()").await;
    standby_sql.rows("ALTER SYSTEM SET synchronous_standby_names = ''").await;
    standby_sql.rows("SELECT pg_reload_conf()").await;
    load.each(3, |tally| tally.acknowledged).await;
    for lane in load.stop().await {
        assert_eq!(lane.tally().broken, 0, "the nodes answered all the time");
        lane.assert_whole(&operator).await;
    }
}

/// Ends one connection that has written something and not yet committed it; the second one only in
/// the middle of a change.
const CUTS: [&str; 2] = [
    "SELECT count(pg_terminate_backend(pid)) FROM (
         SELECT pid FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()
             AND backend_xid IS NOT NULL LIMIT 1) AS one",
    "SELECT count(pg_terminate_backend(pid)) FROM (
         SELECT pid FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()
             AND backend_xid IS NOT NULL
             AND query ~ '(change_password|COMMIT)'
         LIMIT 1) AS one",
];

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(postgres_missing, ignore = "needs PostgreSQL")]
async fn connections_cut_in_the_middle_of_commits_lose_and_halve_no_change() {
    let builder = Server::builder_on_postgres().only("customer").tables(NEVER_LOCKED_OUT);
    let nodes = Nodes::start(&builder).await;
    let operator = nodes.a.operator().await;
    let mut load = Load::start(&operator, vec![nodes.a.client(), nodes.b.client()]).await;
    let knife = operator.database().sql().await;
    for cut in 0..40 {
        let hit = async {
            let one = CUTS[cut % 2];
            while knife.numbers(one).await == [0] {}
        };
        in_time("a transaction to cut", hit).await;
        load.one().await;
    }
    load.each(2, |tally| tally.acknowledged).await;
    for lane in load.stop().await {
        assert_eq!(lane.tally().broken, 0, "the nodes answered all the time");
        lane.assert_whole(&operator).await;
    }
}
