//! One node with two links, and its own beats heard on the other one.

use std::time::Duration;

use super::super::*;
use crate::addr::HardwareAddr;
use crate::time::Instant;

const FIRST: LinkIndex = LinkIndex(2);
const SECOND: LinkIndex = LinkIndex(3);

fn two_links(now: Instant) -> Hot {
    let mut hot = Hot::new(Settings::new("node".into(), 1, Some(b"key".to_vec()), 1), now);
    let facts = |(index, last): (LinkIndex, u8)| LinkFacts {
        index,
        name: format!("eth{last}").as_str().into(),
        hardware: HardwareAddr([2, 0, 0, 0, 0, last]),
        carrier: true,
        source_v4: None,
        source_v6: None,
    };
    hot.handle_control(Control::Links([(FIRST, 1), (SECOND, 2)].map(facts).into()), now);
    hot
}

/// Runs the machine until `until`; the last beat that left the first link meanwhile.
fn beat_until(hot: &mut Hot, until: Instant) -> (Instant, Vec<u8>) {
    let mut last = None;
    while let Some(now) = hot.poll_timeout().filter(|at| *at <= until) {
        hot.handle_timeout(now);
        while let Some(transmit) = hot.poll_transmit() {
            if transmit.link == FIRST {
                last = Some((now, transmit.frame.to_vec()));
            }
        }
    }
    last.expect("beats")
}

fn second_is_shadowed(hot: &Hot, now: Instant) -> bool {
    hot.snapshot(now).links[1].shadowed
}

#[test]
fn beats_of_the_first_link_on_the_second_show_that_both_are_on_one_segment() {
    let start = Instant::ZERO + Duration::from_secs(1000);
    let mut hot = two_links(start);
    let (now, beat) = beat_until(&mut hot, start + Duration::from_secs(5));
    hot.handle_frame(SECOND, &beat, now, now);
    assert!(second_is_shadowed(&hot, now));
}

#[test]
fn an_old_recording_of_the_first_link_does_not_silence_the_second() {
    let start = Instant::ZERO + Duration::from_secs(1000);
    let mut hot = two_links(start);
    let (_, recorded) = beat_until(&mut hot, start + Duration::from_secs(5));
    let (now, _) = beat_until(&mut hot, start + Duration::from_secs(30));
    hot.handle_frame(SECOND, &recorded, now, now);
    assert!(!second_is_shadowed(&hot, now));
}
