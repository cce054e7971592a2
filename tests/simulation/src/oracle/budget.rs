//! Bytes per second of beats: what speaking to each other costs the segment.
//!
//! | when | bound |
//! | --- | --- |
//! | nothing has happened for a while, one link | a beat of 250 bytes with its headers, at the full rate |
//! | the same, the whole segment | 3 Mbit/s, however many nodes and addresses there are |
//! | any time, one link | as many beats as manners allow, of twice that size, and whole lists on request |

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::Finding;
use crate::lan::Station;
use crate::world::World;

/// A beat without lists, with Ethernet, IPv4 and UDP headers.
const BEAT: usize = 250 + 14 + 20 + 8;
/// Beats in a second besides the regular ones: some are hastened, and clocks run up to 10 % fast.
const HASTENED: usize = 3;
/// 3 Mbit/s.
const SEGMENT: usize = 3_000_000 / 8;
/// A link that was left alone for so long repeats nothing and asks for nothing.
const QUIET: Duration = Duration::from_secs(8);
/// Beats of one link in a second while something happens: every fifth of a beat, and then some.
const LOUD: usize = 7;
/// An entry of a list.
const ENTRY: usize = 60;
/// A list may be asked for by several.
const ASKED: usize = 4;
const SECOND: Duration = Duration::from_secs(1);

/// What was sent in the last second.
#[derive(Debug, Default)]
struct Window {
    frames: VecDeque<(Duration, usize)>,
    bytes: usize,
}

impl Window {
    fn add(&mut self, length: usize, at: Duration) -> usize {
        self.frames.push_back((at, length));
        self.bytes += length;
        while let Some((_, length)) = self.frames.pop_front_if(|(sent, _)| *sent + SECOND < at) {
            self.bytes -= length;
        }
        self.bytes
    }
}

/// What was sent of late, by each and by all.
#[derive(Debug, Default)]
pub struct Budget {
    links: BTreeMap<Station, Window>,
    segments: BTreeMap<u8, Window>,
}

impl Budget {
    /// A node has sent a beat of so many bytes.
    pub fn sent(&mut self, world: &World, from: Station, length: usize, at: Duration) -> Finding {
        let sent = self.links.entry(from).or_default().add(length, at);
        let segment = world.lan.segment(from).unwrap_or(0);
        let all = self.segments.entry(segment).or_default().add(length, at);
        let quiet = (0..world.setup.nodes).all(|node| is_quiet(world, node, at));
        let (bound, when) = match quiet {
            true => ((regular(world) + HASTENED) * BEAT, "nothing happens"),
            false => (loud(world), "something happens"),
        };
        if sent > bound {
            return Some(format!(
                "{from} sends {sent} bytes of beats in a second, {bound} is enough when {when}"
            ));
        }
        (quiet && all > SEGMENT).then(|| format!("{all} bytes of beats in a second on segment {segment}"))
    }
}

/// Full-rate beats in a second.
fn regular(world: &World) -> usize {
    usize::try_from(SECOND.as_millis() / world.fastest.beat.as_millis()).unwrap_or(usize::MAX)
}

fn loud(world: &World) -> usize {
    regular(world).max(10) * LOUD * BEAT * 2 + world.services.len() * ENTRY * 2 * ASKED
}

fn is_quiet(world: &World, node: u16, at: Duration) -> bool {
    let disturbed = world.quiet_since(node).max(world.disturbed.wiring).max(world.disturbed.removal);
    let weather = &world.lan.weather;
    disturbed + QUIET < at
        && !world.liar
        && world.lan.is_whole()
        && weather.loss + weather.bursts + weather.late == 0
}
