//! How many Pods there may be on the way from one version to the next.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// `maxSurge` and `maxUnavailable` where the author names none.
const QUARTER: i32 = 25;

/// The limits of a rollout, in Pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) wanted: i32,
    surge: i32,
    unavailable: i32,
}

impl Limits {
    pub(super) fn of(deployment: &Deployment) -> Self {
        let spec = deployment.spec.as_ref();
        let wanted = spec.and_then(|spec| spec.replicas).unwrap_or(1);
        if is_recreate(deployment) {
            return Self { wanted, surge: 0, unavailable: wanted };
        }
        let rolling =
            spec.and_then(|spec| spec.strategy.as_ref()?.rolling_update.clone()).unwrap_or_default();
        let surge = share(rolling.max_surge.as_ref(), wanted, Round::Up);
        let unavailable = share(rolling.max_unavailable.as_ref(), wanted, Round::Down).min(wanted);
        // Without room in either direction nothing would ever move.
        let unavailable = if surge == 0 && unavailable == 0 { 1 } else { unavailable };
        Self { wanted, surge, unavailable }
    }

    /// The most Pods there may be at a time.
    pub(super) fn most(self) -> i32 {
        self.wanted + self.surge
    }

    /// The fewest Pods that must be available at a time.
    pub(super) fn fewest(self) -> i32 {
        self.wanted - self.unavailable
    }
}

pub(super) fn is_recreate(deployment: &Deployment) -> bool {
    let strategy = deployment.spec.as_ref().and_then(|spec| spec.strategy.as_ref());
    strategy.and_then(|strategy| strategy.type_.as_deref()) == Some("Recreate")
}

#[derive(Clone, Copy)]
enum Round {
    Up,
    Down,
}

/// A number, or a share of `whole` in percent.
fn share(value: Option<&IntOrString>, whole: i32, round: Round) -> i32 {
    let percent = match value {
        Some(IntOrString::Int(number)) => return *number,
        Some(IntOrString::String(text)) => text.trim_end_matches('%').parse().unwrap_or(QUARTER),
        None => QUARTER,
    };
    match round {
        Round::Up => (percent * whole + 99) / 100,
        Round::Down => percent * whole / 100,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::samples;
    use super::*;

    #[test]
    fn shares_are_rounded_in_favour_of_those_who_ask() {
        let limits = Limits::of(&samples::deployment(3, "1"));
        assert_eq!((limits.most(), limits.fewest()), (4, 3));
        assert_eq!(share(Some(&IntOrString::Int(2)), 10, Round::Up), 2);
    }

    #[test]
    fn there_is_always_room_to_move() {
        let mut deployment = samples::deployment(3, "1");
        let strategy = deployment.spec.as_mut().and_then(|spec| spec.strategy.as_mut()).expect("a strategy");
        let rolling = strategy.rolling_update.as_mut().expect("limits");
        rolling.max_surge = Some(IntOrString::Int(0));
        rolling.max_unavailable = Some(IntOrString::String("0%".to_owned()));
        let limits = Limits::of(&deployment);
        assert_eq!((limits.most(), limits.fewest()), (3, 2));
    }
}
