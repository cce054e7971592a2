//! How long an address that was let go of is kept for the Service that held it.

use std::fmt;
use std::time::Duration;

use k8s_openapi::jiff::SignedDuration;

/// Time during which others get an address only when nothing else is left; zero: not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CoolDown(pub Duration);

impl CoolDown {
    /// Nothing is kept for anybody.
    pub const OFF: Self = Self(Duration::ZERO);

    /// Reads a duration as Go writes it: `10m`, `1h30m`, `90s`, or `0`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if text == "0" {
            return Some(Self::OFF);
        }
        let span = text.parse::<SignedDuration>().ok()?;
        Duration::try_from(span).ok().map(Self)
    }
}

impl Default for CoolDown {
    /// Ten minutes.
    fn default() -> Self {
        Self(Duration::from_secs(600))
    }
}

impl fmt::Display for CoolDown {
    /// As it would be written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match SignedDuration::try_from(self.0) {
            Ok(span) => write!(f, "{span:#}"),
            Err(_) => write!(f, "{}s", self.0.as_secs()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cool_down_is_written_as_go_writes_durations() {
        let seconds = |text| CoolDown::read(text).map(|cool_down| cool_down.0.as_secs());
        let written = [("10m", 600), ("1h30m", 5400), (" 90s ", 90), ("0", 0), ("0s", 0), ("1.5h", 5400)];
        for (text, expected) in written {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
        for bad in ["", "10", "-1m", "soon", "10 m m", "1h;"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_cool_down_prints_as_it_is_written() {
        assert_eq!(CoolDown::default().to_string(), "10m");
        assert_eq!(CoolDown(Duration::from_secs(5400)).to_string(), "1h 30m");
    }
}
