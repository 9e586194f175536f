//! The simulator as a gateway of its own.

use adapters::gateway::SimulatedGateway;
use domain::ports::{SendAnswer, SmsGateway as _};
use simulator::{Simulator, SimulatorConfig};

use crate::harness::{ENOUGH, RECEIVER, sms};

#[tokio::test]
async fn the_simulator_is_a_gateway_that_says_what_it_is_and_has_no_credits() {
    let simulator = Simulator::new(SimulatorConfig::new(SimulatedGateway::TOKEN, SimulatedGateway::IDENTITY));
    let running = simulator.start(([127, 0, 0, 1], 0).into()).await.unwrap();
    let gateway = SimulatedGateway::new("try".into(), running.address()).unwrap();
    let facts = gateway.facts();
    assert_eq!((&*facts.name, facts.kind, &*facts.sender), ("try", "simulator", SimulatedGateway::IDENTITY));
    assert_eq!(gateway.send(&sms(), ENOUGH).await.unwrap().answer, SendAnswer::Accepted);
    assert_eq!(simulator.inbox(Some(RECEIVER)).len(), 1);
    assert_eq!(gateway.credit().await, None, "a thousand of what buys nothing is no credit");
    assert!(
        SimulatedGateway::new("try".into(), ([192, 0, 2, 1], 80).into()).is_err(),
        "it is not this machine"
    );
}
