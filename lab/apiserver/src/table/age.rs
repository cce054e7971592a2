//! Durations as `kubectl` writes them: `45s`, `2m30s`, `10m`, `3h5m`, `2d4h`, `1y20d`.

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use crate::object;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

/// Time since the object's creation.
pub(super) fn cell(object: &Value, now: Timestamp) -> Value {
    json!(since(object::text(object, "/metadata/creationTimestamp"), now))
}

/// Time since a written moment.
pub(super) fn since(at: &str, now: Timestamp) -> String {
    match at.parse::<Timestamp>() {
        Ok(at) => short(now.duration_since(at).as_secs()),
        Err(_) => "<unknown>".into(),
    }
}

/// Two units where the first alone would be too coarse. Clocks that differ by a second are forgiven.
pub(super) fn short(seconds: i64) -> String {
    match seconds {
        ..-1 => "<invalid>".into(),
        -1..0 => "0s".into(),
        0..120 => format!("{seconds}s"),
        120..600 => two(seconds, MINUTE, 'm', 1, 's'),
        600..10_800 => format!("{}m", seconds / MINUTE),
        10_800..28_800 => two(seconds, HOUR, 'h', MINUTE, 'm'),
        28_800..172_800 => format!("{}h", seconds / HOUR),
        172_800..691_200 => two(seconds, DAY, 'd', HOUR, 'h'),
        691_200..63_072_000 => format!("{}d", seconds / DAY),
        63_072_000..252_288_000 => two(seconds, YEAR, 'y', DAY, 'd'),
        252_288_000.. => format!("{}y", seconds / YEAR),
    }
}

fn two(seconds: i64, large: i64, large_word: char, small: i64, small_word: char) -> String {
    let rest = seconds % large / small;
    if rest == 0 {
        return format!("{}{large_word}", seconds / large);
    }
    format!("{}{large_word}{rest}{small_word}", seconds / large)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_written_as_kubectl_writes_it() {
        let written = [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (150, "2m30s"),
            (600, "10m"),
            (3 * HOUR + 5 * MINUTE, "3h5m"),
            (9 * HOUR, "9h"),
            (2 * DAY + 4 * HOUR, "2d4h"),
            (30 * DAY, "30d"),
            (2 * YEAR + 20 * DAY, "2y20d"),
            (9 * YEAR, "9y"),
        ];
        for (seconds, text) in written {
            assert_eq!(short(seconds), text);
        }
    }
}
