//! `kill -9` of one node under load.

use repass_tests::Server;

use super::Nodes;
use super::load::Load;
use crate::house::NEVER_CLOSED;

#[tokio::test(flavor = "multi_thread")]
async fn when_one_node_is_killed_the_other_goes_on_and_nothing_is_lost_or_halved() {
    let builder = Server::builder().only("customer").tables(NEVER_CLOSED);
    let nodes = Nodes::start(&builder).await;
    let desk = nodes.b.desk().await;
    let mut load = Load::start(&desk, vec![nodes.a.client(), nodes.b.client()]).await;
    load.each(5, |tally| tally.acknowledged).await;
    nodes.a.kill().await;
    // Each account goes on: the dead node holds nothing back.
    load.each(5, |tally| tally.acknowledged).await;
    let lanes = load.stop().await;
    for lane in &lanes {
        lane.assert_whole(&desk).await;
        assert!(lane.tally().broken > 0, "the dead node was asked");
    }
}
