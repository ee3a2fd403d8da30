//! `kill -9` of one node under load.

use repass_tests::Server;

use super::Nodes;
use super::load::Load;
use crate::test_context::NEVER_LOCKED_OUT;

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(postgres_missing, ignore = "needs PostgreSQL")]
async fn when_one_node_is_killed_the_other_goes_on_and_nothing_is_lost_or_halved() {
    let builder = Server::builder_on_postgres().only("customer").tables(NEVER_LOCKED_OUT);
    let nodes = Nodes::start(&builder).await;
    let operator = nodes.b.operator().await;
    let mut load = Load::start(&operator, vec![nodes.a.client(), nodes.b.client()]).await;
    load.each(5, |tally| tally.acknowledged).await;
    nodes.a.kill().await;
    // All accounts can be changed: the dead node holds no lock.
    load.each(5, |tally| tally.acknowledged).await;
    let lanes = load.stop().await;
    for lane in &lanes {
        lane.assert_whole(&operator).await;
        assert!(lane.tally().broken > 0, "the dead node was asked");
    }
}
