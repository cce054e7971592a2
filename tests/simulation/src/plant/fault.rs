//! The faults, each a broken shell or a broken card.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use crate::frame::{self, Kind, Seen};
use crate::node::Sent;

/// Gratuitous frames that a node lets out before `SaysItOnce` holds them back: one whole burst of six rounds in two
/// forms, for a few addresses.
const SAID: usize = 2 * 6 * 2;
/// How often `Babbles` sends the same frame.
const BABBLE: usize = 30;
/// The length of a frame that `PadsBeats` has padded.
const PADDED: usize = 1_500;
/// No turn for so long is a stall.
const STALL: Duration = Duration::from_millis(330);

/// What is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Beats do not reach a node that owns something: it never yields.
    OwnersHearNoBeats,
    /// Beats of a node that owns something stay in its card: others take what it owns.
    OwnersAreMute,
    /// A node goes on speaking for what it has dropped.
    SpeaksAfterRelease,
    /// No gratuitous frame leaves a node.
    NoBurst,
    /// The reply form leaves before the request form.
    ReplyFirst,
    /// Advertisements leave without override.
    NoOverride,
    /// After its first bursts a node is silent unless asked: it asserts nothing after a conflict.
    SaysItOnce,
    /// Questions get no answer.
    NoAnswers,
    /// Every gratuitous frame leaves many times.
    Babbles,
    /// Every beat leaves many times.
    BeatsTooOften,
    /// Every beat leaves as long as a frame may be.
    PadsBeats,
    /// Frames name the hardware address of another card.
    NamesAnotherCard,
    /// The driver's withdrawals are lost on their way to the packet thread.
    KeepsOffers,
    /// The driver's request to leave is lost on its way to the packet thread.
    IgnoresLeave,
    /// The first thing after a stall is to speak for what was owned before it.
    SpeaksWhenWaking,
    /// The shell reads its queue in an order that is not repeatable.
    ReadsInAnyOrder,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 16] = [
        Self::OwnersHearNoBeats,
        Self::OwnersAreMute,
        Self::SpeaksAfterRelease,
        Self::NoBurst,
        Self::ReplyFirst,
        Self::NoOverride,
        Self::SaysItOnce,
        Self::NoAnswers,
        Self::Babbles,
        Self::BeatsTooOften,
        Self::PadsBeats,
        Self::NamesAnotherCard,
        Self::KeepsOffers,
        Self::IgnoresLeave,
        Self::SpeaksWhenWaking,
        Self::ReadsInAnyOrder,
    ];
}

/// What a speaker's surroundings remember.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Gratuitous frames of the past.
    kept: Vec<Sent>,
    /// How many were let out.
    said: usize,
    /// The last turn.
    turned: Option<Duration>,
    /// Whether it ever owned anything.
    pub owned: bool,
}

impl Fault {
    /// Rewrites what leaves a node in one turn at `at`; `owns` tells whether it owns anything after it.
    pub fn rewrite(self, sent: &mut Vec<Sent>, memory: &mut Memory, owns: bool, at: Duration) {
        let stalled = memory.turned.replace(at).is_some_and(|before| at > before + STALL);
        match self {
            Self::OwnersAreMute => sent.retain(|frame| !(owns && beats(frame))),
            Self::SpeaksAfterRelease if memory.owned && !owns => sent.append(&mut memory.kept),
            Self::SpeaksWhenWaking if stalled => sent.append(&mut memory.kept),
            Self::SpeaksAfterRelease | Self::SpeaksWhenWaking => memory.keep(sent),
            Self::NoBurst => sent.retain(|frame| !gratuitous(frame)),
            Self::ReplyFirst => sent.sort_by_key(|frame| !gratuitous(frame) || !reply(frame)),
            Self::NoOverride => sent.iter_mut().for_each(|(_, bytes)| frame::without_override(bytes)),
            Self::SaysItOnce => sent.retain(|frame| !gratuitous(frame) || memory.may_say()),
            Self::NoAnswers => sent.retain(|frame| gratuitous(frame) || !speaks(frame)),
            Self::Babbles => repeat(sent, gratuitous),
            Self::BeatsTooOften => repeat(sent, beats),
            Self::PadsBeats => {
                sent.iter_mut().filter(|sent| beats(sent)).for_each(|(_, frame)| frame.resize(PADDED, 0))
            }
            Self::NamesAnotherCard => sent.iter_mut().filter(|sent| speaks(sent)).for_each(name_another_card),
            Self::OwnersHearNoBeats | Self::KeepsOffers | Self::IgnoresLeave => {}
            Self::ReadsInAnyOrder => {}
        }
    }
}

impl Memory {
    fn keep(&mut self, sent: &[Sent]) {
        let fresh: Vec<_> = sent.iter().filter(|frame| gratuitous(frame)).cloned().collect();
        if !fresh.is_empty() {
            self.kept = fresh;
        }
    }

    fn may_say(&mut self) -> bool {
        self.said += 1;
        self.said <= SAID
    }
}

fn seen((_, bytes): &Sent) -> Option<Seen> {
    frame::read(bytes)
}

fn beats(frame: &Sent) -> bool {
    seen(frame).is_some_and(|seen| matches!(seen.kind, Kind::Beat(_)))
}

fn gratuitous(frame: &Sent) -> bool {
    seen(frame).is_some_and(|seen| seen.kind.gratuitous())
}

fn speaks(frame: &Sent) -> bool {
    seen(frame).is_some_and(|seen| seen.kind.claims().is_some())
}

fn reply(frame: &Sent) -> bool {
    seen(frame).is_some_and(|seen| matches!(seen.kind, Kind::Arp(arp) if arp.reply))
}

fn repeat(sent: &mut Vec<Sent>, which: impl Fn(&Sent) -> bool) {
    let copies = |frame: Sent| {
        let copies = if which(&frame) { BABBLE } else { 1 };
        std::iter::repeat_n(frame, copies)
    };
    *sent = std::mem::take(sent).into_iter().flat_map(copies).collect();
}

/// Changes the last octet of the hardware address in the body: the sender's in ARP, the option's in an advertisement.
fn name_another_card((_, bytes): &mut Sent) {
    let arp = matches!(frame::read(bytes).map(|seen| seen.kind), Some(Kind::Arp(_)));
    let at = if arp { 27 } else { 14 + 40 + 31 };
    let Some(octet) = bytes.get_mut(at) else { return };
    *octet ^= 0x55;
    if !arp {
        frame::seal_checksum(bytes);
    }
}

/// Shuffles by what the system calls random: no two runs agree.
pub(super) fn shuffle_by_chance<T>(queue: &mut [T]) {
    let mut chance = RandomState::new().build_hasher();
    for index in (1..queue.len()).rev() {
        chance.write_usize(index);
        let other = usize::try_from(chance.finish() % (index as u64 + 1)).unwrap_or(0);
        queue.swap(index, other);
    }
}
