//! What clients see when an announcer goes: their own neighbour caches, read from the kernel.

use anyhow::Context;
use patina_lab::netlink::NeighbourState;
use patina_lab::wait::wait_for;

use crate::boxed::boxed;
use crate::served::{WITHIN, served};

#[test]
fn when_every_speaker_is_gone_for_good_nobody_answers() {
    boxed(|| async {
        let mut served = served().await?;
        for node in ["node-1", "node-2", "node-3"] {
            served.cluster.kill_speaker(node).await?;
        }
        for address in served.addresses {
            served.cluster.client().forget(address).await?;
            served.knock(address)?;
            let gave_up = async || {
                let entry = served.cluster.client().neighbour(address).await?.context("no entry")?;
                anyhow::ensure!(entry.hardware.is_none(), "{address} was answered by {:?}", entry.hardware);
                Ok((entry.state == NeighbourState::Failed).then_some(()))
            };
            wait_for(&format!("the client gives up on {address}"), WITHIN, gave_up).await?;
        }
        Ok(())
    });
}

#[test]
fn without_the_api_server_answers_go_on_failover_works_and_status_follows_later() {
    boxed(|| async {
        let mut served = served().await?;
        served.cluster.stop_api();
        for address in served.addresses {
            served.learnt(address).await?;
            served.answers(address).await?;
        }
        let victim = served.announcer(served.addresses[0]).await?;
        served.cluster.order(&victim, "crash".parse()?).await?;
        for address in served.addresses {
            served.moved_from(address, &victim).await?;
            served.answers(address).await?;
        }
        served.cluster.start_api();
        served.told_rightly().await
    });
}

#[test]
fn every_fault_moves_the_address_and_after_healing_one_node_answers() {
    boxed(|| async {
        let mut served = served().await?;
        for fault in ["isolate", "carrier", "freeze", "crash"] {
            let address = served.addresses[0];
            let victim = served.announcer(address).await?;
            served.cluster.order(&victim, fault.parse()?).await?;
            served.moved_from(address, &victim).await.with_context(|| fault.to_owned())?;
            served.cluster.order(&victim, "heal".parse()?).await?;
            served.cluster.until_ready().await?;
            for address in served.addresses {
                let one = async || {
                    let answered = served.answerers(address).await?;
                    anyhow::ensure!(answered.len() == 1, "{address} was answered by {answered:?}");
                    Ok(Some(()))
                };
                wait_for(&format!("after {fault}: one node answers"), WITHIN, one).await?;
            }
        }
        Ok(())
    });
}

#[test]
fn speakers_hold_net_raw_and_nothing_else() {
    boxed(|| async {
        const NET_RAW: u64 = 1 << 13;
        let served = served().await?;
        for node in served.cluster.nodes() {
            let pid = node.speaker().context("no speaker")?.pid();
            let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
            let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            for set in ["CapPrm:", "CapEff:", "CapBnd:"] {
                let held = u64::from_str_radix(field(set).context("no such field")?, 16)?;
                assert_eq!(held, NET_RAW, "{} {set}", node.name());
            }
            assert_eq!(field("NoNewPrivs:"), Some("1"));
        }
        Ok(())
    });
}
