//! A forecast in words: one line for each Service, those that are disturbed first.

use patina::alloc::{Announcing, Decision, Fate, Forecast, Prospect, Refusal};
use patina::name::ServiceKey;

use crate::output::table;

/// All of it.
pub(super) fn of(forecast: &Forecast) -> String {
    let mut lines: Vec<_> = forecast
        .problems
        .iter()
        .map(|problem| {
            let then = if problem.kind.rejects() { "would be rejected" } else { "would be in force" };
            format!("{} {} {then}: {problem}", problem.origin, problem.object.key.name)
        })
        .collect();
    if !lines.is_empty() {
        lines.push(String::new());
    }
    if !forecast.prospects.is_empty() {
        lines.push(services(forecast));
    }
    lines.push(summary(forecast));
    lines.join("\n")
}

fn services(forecast: &Forecast) -> String {
    let mut prospects: Vec<_> = forecast.prospects.iter().collect();
    prospects.sort_by_key(|(key, prospect)| (!prospect.is_disturbed(), prospect.fate, *key));
    let head = ["SERVICE", "FATE", "NOW", "THEN", "WHY"].map(str::to_owned).to_vec();
    let rows = prospects.into_iter().map(|(key, prospect)| row(key, prospect));
    table(std::iter::once(head).chain(rows))
}

fn row(key: &ServiceKey, prospect: &Prospect) -> Vec<String> {
    let (now, then) = (held(&prospect.now), held(&prospect.then));
    vec![key.to_string(), prospect.fate.word().to_owned(), now, then, why(prospect)]
}

fn held(decision: &Decision) -> String {
    let addresses = decision.addresses();
    if addresses.is_empty() { "-".to_owned() } else { addresses.to_string() }
}

fn why(prospect: &Prospect) -> String {
    let announcing = match prospect.announcing {
        Announcing::Same => None,
        Announcing::Begins => Some("announced from then on"),
        Announcing::OtherRules => Some("announced by other rules: another node may take over"),
        Announcing::Ends => Some("announced no longer: no L2Advertisement is about it"),
    };
    let all: Vec<_> = reason(prospect).into_iter().chain(announcing.map(str::to_owned)).collect();
    if all.is_empty() { pools(prospect) } else { all.join("; ") }
}

/// Why it does not keep what it holds, and why it gets nothing instead.
fn reason(prospect: &Prospect) -> Option<String> {
    match (prospect.fate, prospect.taken(), prospect.refused()) {
        (Fate::Lost, Some(taken), Some(refused)) if taken != refused => {
            Some(format!("{taken}: {}; and no other: {}", taken.sentence(), refused.line()))
        }
        (Fate::Moved, None, None) => Some("what it asks for can be had then".to_owned()),
        (_, taken, refused) => taken.or(refused).map(Refusal::line),
    }
}

/// Where the addresses come from.
fn pools(prospect: &Prospect) -> String {
    let pools = |decision: &Decision| decision.allocation.as_ref().map(|a| a.pools.to_string());
    match (pools(&prospect.now), pools(&prospect.then)) {
        (Some(now), Some(then)) if now != then => format!("{now} becomes {then}"),
        (_, Some(then)) => then,
        (_, None) => String::new(),
    }
}

fn summary(forecast: &Forecast) -> String {
    let fates = [Fate::Lost, Fate::Moved, Fate::Waiting, Fate::Served, Fate::Kept];
    let counts = fates.map(|fate| (forecast.count(fate), fate.word()));
    let told: Vec<_> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if told.is_empty() {
        return "No Service asks for an address; nothing was changed.".to_owned();
    }
    format!("{}; nothing was changed.", told.join(", "))
}
