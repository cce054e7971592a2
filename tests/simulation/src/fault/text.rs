//! Steps as lines of words, and back.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::Step;

/// A line that is not a step. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextError(pub String);

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a step: {:?}", self.0)
    }
}

impl std::error::Error for TextError {}

fn ms(span: &Duration) -> String {
    format!("{}ms", span.as_millis())
}

fn list<T: fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<_> = items.into_iter().map(|item| item.to_string()).collect();
    items.join(",")
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(node) => write!(f, "start {node}"),
            Self::Crash(node) => write!(f, "crash {node}"),
            Self::Leave(node) => write!(f, "leave {node}"),
            Self::Freeze(node, span) => write!(f, "freeze {node} {}", ms(span)),
            Self::FreezeAll(span) => write!(f, "freeze-all {}", ms(span)),
            Self::CarrierDown(node, link) => write!(f, "carrier-down {node} {link}"),
            Self::CarrierUp(node, link) => write!(f, "carrier-up {node} {link}"),
            Self::Silent(node, span) => write!(f, "silent {node} {}", ms(span)),
            Self::Outage(span) => write!(f, "outage {}", ms(span)),
            Self::Partition(nodes) => write!(f, "partition {}", list(nodes)),
            Self::Isolate(node) => write!(f, "isolate {node}"),
            Self::Deaf(node) => write!(f, "deaf {node}"),
            Self::Mute(node) => write!(f, "mute {node}"),
            Self::Cut(a, b) => write!(f, "cut {a} {b}"),
            Self::OneWay(a, b) => write!(f, "one-way {a} {b}"),
            Self::Heal => write!(f, "heal"),
            Self::Service(address) => write!(f, "service {address}"),
            Self::ServiceLate(address, node, span) => write!(f, "service-late {address} {node} {}", ms(span)),
            Self::Unserve(address) => write!(f, "unserve {address}"),
            Self::Offer(node, address) => write!(f, "offer {node} {address}"),
            Self::Withdraw(node, address) => write!(f, "withdraw {node} {address}"),
            Self::Weight(node, address, weight) => write!(f, "weight {node} {address} {weight}"),
            Self::Forget(node) => write!(f, "forget {node}"),
            Self::Remember(node) => write!(f, "remember {node}"),
            Self::Loss(share) => write!(f, "loss {share}"),
            Self::Bursts(share) => write!(f, "bursts {share}"),
            Self::Late(share) => write!(f, "late {share}"),
            Self::Twice(share) => write!(f, "twice {share}"),
            Self::Wall(node, seconds) => write!(f, "wall {node} {seconds}"),
            Self::Keys(node, keys) => write!(f, "keys {node} {}", list(keys)),
            Self::Move(address, node) => write!(f, "move {address} {node}"),
            Self::Stranger(address) => write!(f, "stranger {address}"),
            Self::StrangerGone => write!(f, "stranger-gone"),
            Self::Liar => write!(f, "liar"),
            Self::LiarGone => write!(f, "liar-gone"),
            Self::Record => write!(f, "record"),
            Self::Replay => write!(f, "replay"),
            Self::Garble => write!(f, "garble"),
        }
    }
}

/// The words of a line, taken one by one.
struct Words<'a>(std::str::SplitWhitespace<'a>);

impl Words<'_> {
    fn take<T: FromStr>(&mut self) -> Option<T> {
        self.0.next()?.parse().ok()
    }

    fn span(&mut self) -> Option<Duration> {
        let millis = self.0.next()?.strip_suffix("ms")?;
        Some(Duration::from_millis(millis.parse().ok()?))
    }

    fn list<T: FromStr, C: FromIterator<T>>(&mut self) -> Option<C> {
        self.0.next()?.split(',').map(|item| item.parse().ok()).collect()
    }

    fn step(&mut self) -> Option<Step> {
        Some(match self.0.next()? {
            "start" => Step::Start(self.take()?),
            "crash" => Step::Crash(self.take()?),
            "leave" => Step::Leave(self.take()?),
            "freeze" => Step::Freeze(self.take()?, self.span()?),
            "freeze-all" => Step::FreezeAll(self.span()?),
            "carrier-down" => Step::CarrierDown(self.take()?, self.take()?),
            "carrier-up" => Step::CarrierUp(self.take()?, self.take()?),
            "silent" => Step::Silent(self.take()?, self.span()?),
            "outage" => Step::Outage(self.span()?),
            "partition" => Step::Partition(self.list::<u16, BTreeSet<_>>()?),
            "isolate" => Step::Isolate(self.take()?),
            "deaf" => Step::Deaf(self.take()?),
            "mute" => Step::Mute(self.take()?),
            "cut" => Step::Cut(self.take()?, self.take()?),
            "one-way" => Step::OneWay(self.take()?, self.take()?),
            "heal" => Step::Heal,
            "service" => Step::Service(self.take()?),
            "service-late" => Step::ServiceLate(self.take()?, self.take()?, self.span()?),
            "unserve" => Step::Unserve(self.take()?),
            "offer" => Step::Offer(self.take()?, self.take()?),
            "withdraw" => Step::Withdraw(self.take()?, self.take()?),
            "weight" => Step::Weight(self.take()?, self.take()?, self.take()?),
            "forget" => Step::Forget(self.take()?),
            "remember" => Step::Remember(self.take()?),
            "loss" => Step::Loss(self.take()?),
            "bursts" => Step::Bursts(self.take()?),
            "late" => Step::Late(self.take()?),
            "twice" => Step::Twice(self.take()?),
            "wall" => Step::Wall(self.take()?, self.take()?),
            "keys" => Step::Keys(self.take()?, self.list()?),
            "move" => Step::Move(self.take()?, self.take()?),
            "stranger" => Step::Stranger(self.take()?),
            "stranger-gone" => Step::StrangerGone,
            "liar" => Step::Liar,
            "liar-gone" => Step::LiarGone,
            "record" => Step::Record,
            "replay" => Step::Replay,
            "garble" => Step::Garble,
            _ => return None,
        })
    }
}

impl FromStr for Step {
    type Err = TextError;

    fn from_str(line: &str) -> Result<Self, TextError> {
        let refuse = || TextError(line.to_owned());
        let mut words = Words(line.split_whitespace());
        let step = words.step().ok_or_else(refuse)?;
        words.0.next().is_none().then_some(step).ok_or_else(refuse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_read_back_from_its_line() {
        let lines = [
            "start 0",
            "freeze 2 402ms",
            "freeze-all 402ms",
            "carrier-down 1 0",
            "partition 0,3",
            "one-way 0 1",
            "heal",
            "service-late 1 2 150ms",
            "weight 1 0 50",
            "wall 1 -86400",
            "keys 2 1,0",
            "replay",
        ];
        for line in lines {
            let step: Step = line.parse().expect("a step");
            assert_eq!(step.to_string(), line);
        }
    }

    #[test]
    fn a_line_of_another_shape_is_refused() {
        for line in ["", "start", "start x", "heal 1", "freeze 2 402", "dance 1"] {
            assert!(line.parse::<Step>().is_err(), "{line}");
        }
    }
}
