//! The whole story of a Service, played on a cluster that lives as long as the story, in plain words.
//!
//! It judges facts: an address from the pool, an answer from a Pod, another node after a death, nothing lost in a
//! gentle stop. Times are told; one bound on them (5 s) keeps a story finite.

mod chapter;
mod example;
mod voice;

use std::time::Duration;

use patina::addr::Family;

use crate::cluster::{Cluster, Settings};
use crate::report::Report;
use chapter::Chapter;
pub use voice::Output;
use voice::Voice;

/// Plays the story. The report says whether every step held.
pub async fn play(settings: Settings, output: Output) -> Report {
    let voice = Voice::new(output);
    let mut report = Report { nodes: settings.nodes, ..Report::default() };
    let mut stall = Duration::ZERO;
    if let Err(error) = tell(settings, &voice, &mut report, &mut stall).await {
        let words = format!("{error:#}");
        voice.broken(&words);
        report.broken = Some(words);
    }
    report.machine_stall_ms = stall.as_secs_f64() * 1000.0;
    report.seconds = voice.seconds();
    voice.document(&report.to_json());
    report
}

async fn tell(
    settings: Settings,
    voice: &Voice,
    report: &mut Report,
    stall: &mut Duration,
) -> anyhow::Result<()> {
    voice.chapter("A cluster on this machine, out of network namespaces; nothing of it stays behind.");
    let mut cluster = Cluster::start(settings).await?;
    introduce(&cluster, voice);
    let told = chapters(&mut cluster, voice, report, stall).await;
    if told.is_err() {
        last_words(&cluster, voice);
    }
    told?;
    voice.chapter("Every step held. All of it is gone now.");
    Ok(())
}

async fn chapters(
    cluster: &mut Cluster,
    voice: &Voice,
    report: &mut Report,
    stall: &mut Duration,
) -> anyhow::Result<()> {
    voice.chapter("IPv4, with the files of examples/quickstart");
    let mut chapter =
        Chapter::open(example::QUICKSTART, Family::V4, cluster, voice, &mut report.v4, stall).await?;
    chapter.play().await?;
    voice.chapter("IPv6, with the files of examples/dual-stack");
    let mut chapter =
        Chapter::open(example::DUAL_STACK, Family::V6, cluster, voice, &mut report.v6, stall).await?;
    chapter.play().await
}

/// What the programs said before it went wrong.
fn last_words(cluster: &Cluster, voice: &Voice) {
    for (program, lines) in cluster.last_words() {
        voice.more(&format!("{program}:"));
        for line in lines {
            voice.more(&format!("  {line}"));
        }
    }
}

fn introduce(cluster: &Cluster, voice: &Voice) {
    for node in cluster.nodes() {
        let host = node.host();
        let addresses: Vec<String> = host.addresses().iter().map(|net| net.addr().to_string()).collect();
        voice.held(&format!("{} is Ready: {} at {}", node.name(), addresses.join(", "), host.hardware()));
    }
    voice.held("controller (no capability) and speakers (NET_RAW alone) run, each a program of its own");
}
