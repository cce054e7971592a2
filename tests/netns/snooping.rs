//! A bridge that sends multicast only where a member asked for it, as many switches do.

use std::net::{IpAddr, Ipv6Addr, UdpSocket};
use std::time::Duration;

use patina_lab::capture::{Capture, Said};
use patina_lab::host::Host;
use patina_lab::netlink::Snooping;
use patina_lab::wait::wait_for;
use tokio::time::sleep;

use crate::boxed::boxed;
use crate::lab::cluster_on;
use crate::served::{WITHIN, served_on};

/// Nobody has it, so nobody is in its solicited-node group.
const NOBODY: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x50, 0, 0, 0, 0, 0x99, 0x9999);

fn knock(client: &Host, address: Ipv6Addr) -> anyhow::Result<()> {
    let socket = client.namespace().enter(|| UdpSocket::bind("[::]:0"))??;
    // The client's kernel asks before it can send; that is all that is wanted.
    let _ = socket.send_to(b"knock", (address, 9));
    Ok(())
}

fn asks_for(capture: &Capture, address: Ipv6Addr) -> bool {
    let asks = |said: &Said| matches!(said, Said::Solicitation(question) if question.target == address);
    capture.take().iter().any(|seen| asks(&seen.said))
}

#[test]
fn behind_a_snooping_switch_questions_reach_the_announcer_because_it_is_in_the_group() {
    boxed(|| async {
        let served = served_on(cluster_on(3, Snooping::WithQuerier).await?).await?;
        let (client, segment) = (served.cluster.client(), served.cluster.segment());
        let bystander = Capture::at(served.cluster.node("node-1")?.host())?;
        let pruned = async || {
            let switch = Capture::start(segment)?;
            client.forget(NOBODY.into()).await?;
            bystander.take();
            knock(client, NOBODY)?;
            sleep(Duration::from_millis(200)).await;
            anyhow::ensure!(asks_for(&switch, NOBODY), "the client did not ask");
            Ok((!asks_for(&bystander, NOBODY)).then_some(()))
        };
        wait_for("the switch prunes groups without members", WITHIN, pruned).await?;

        let [_, address] = served.addresses;
        let IpAddr::V6(v6) = address else { anyhow::bail!("{address} is not IPv6") };
        client.forget(address).await?;
        knock(client, v6)?;
        let learnt = async || Ok(Some(served.cached(address).await?));
        let hardware = wait_for("the client learns the address", WITHIN, learnt).await?;
        assert!(served.cluster.node_with(hardware).is_some());
        served.answers(address).await
    });
}
