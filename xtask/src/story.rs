//! `story FILE`: judges the JSON that `patina lab --output json` printed, fact by fact.

#![expect(clippy::print_stdout, reason = "a chore talks to the person who typed it")]

use std::fs;
use std::net::IpAddr;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// The only bound on time that a run is judged by: the story ends, however slow the machine is.
const GAP_BOUND_MS: f64 = 5_000.0;

/// Fails with one line for each fact that does not hold.
pub(crate) fn check(file: &Path) -> Result<()> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let story: Value = serde_json::from_str(&text).context("the story is one JSON document")?;
    let wrong: Vec<_> = ["", "v6_"].iter().flat_map(|prefix| facts(&story, prefix)).collect();
    ensure!(wrong.is_empty(), "facts of the story that do not hold:\n  {}", wrong.join("\n  "));
    println!("every fact of the story holds: {} and {}", story["address"], story["v6_address"]);
    Ok(())
}

/// What does not hold for the family with this prefix.
fn facts(story: &Value, prefix: &str) -> Vec<String> {
    let at = |figure: &str| &story[format!("{prefix}{figure}")];
    let address = at("address").as_str().and_then(|a| a.parse::<IpAddr>().ok());
    let held = [
        ("address", address.is_some_and(|a| a.is_ipv6() == (prefix == "v6_"))),
        ("announced_by", at("announced_by").as_str().is_some_and(|node| !node.is_empty())),
        ("http_status", at("http_status") == 200),
        ("crash_gap_ms", at("crash_gap_ms").as_f64().is_some_and(|gap| gap > 0.0 && gap <= GAP_BOUND_MS)),
        ("crash_failed", at("crash_failed").is_u64()),
        ("handover_lost", at("handover_lost") == 0),
    ];
    let wrong = held.iter().filter(|(_, holds)| !holds);
    wrong.map(|(figure, _)| format!("{prefix}{figure}: {}", at(figure))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told() -> Value {
        json!({"address": "192.168.50.240", "announced_by": "node-1", "http_status": 200,
               "crash_gap_ms": 301.5, "crash_failed": 150, "handover_lost": 0})
    }

    #[test]
    fn a_story_that_holds_has_nothing_wrong() {
        assert_eq!(facts(&told(), ""), Vec::<String>::new());
    }

    #[test]
    fn a_lost_request_is_named_with_its_figure() {
        let mut story = told();
        story["handover_lost"] = json!(3);
        assert_eq!(facts(&story, ""), ["handover_lost: 3"]);
    }

    #[test]
    fn an_absent_fact_does_not_hold() {
        assert_eq!(facts(&json!({}), "v6_").len(), 6);
    }
}
