//! What the packet thread tells, as one log line for each transition.

use patina::hot::Report;
use patina::name::LinkIndex;
use patina::world::World;

/// Writes the line. Values stand in fields; the sentence stays the same.
pub(crate) fn log(report: &Report, world: &World) {
    let name = |link: &LinkIndex| world.link(*link).map_or_else(|| link.to_string(), |l| l.name.to_string());
    match report {
        Report::Took { address, link, cause, took, .. } => tracing::info!(
            %address, link = name(link), from = "listening", to = "answering", reason = ?cause, ?took,
            "address taken"
        ),
        Report::Dropped { address, link, cause, .. } => tracing::info!(
            %address, link = name(link), from = "answering", to = "listening", reason = ?cause,
            "address dropped"
        ),
        Report::Peer { node, link, alive, .. } => {
            let (from, to) = if *alive { ("silent", "heard") } else { ("heard", "silent") };
            tracing::info!(peer = %node, link = name(link), from, to, "peer");
        }
        Report::Conflict { address, link, stranger, .. } => tracing::warn!(
            %address, link = name(link), %stranger,
            "a station that is no speaker uses the address"
        ),
        Report::Twins { node, link, .. } => tracing::error!(
            peer = %node, link = name(link),
            "two live speakers bear one name; give one of them another --node-name"
        ),
        Report::Doubt { link, doubting, .. } => {
            let (from, to) = if *doubting { ("certain", "doubting") } else { ("doubting", "certain") };
            tracing::warn!(link = name(link), from, to, "the packet thread stalled");
        }
        Report::Left => tracing::info!("every address is handed over or dropped"),
    }
}
