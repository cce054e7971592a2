//! Steps: everything that can happen to a cluster, as a list that drives the simulation.
//!
//! A step prints as one line of words and is read back from it, so that a failing history can be pasted into a file:
//!
//! ```text
//! 12.5 freeze 2 402ms
//! 13.75 partition 0,3
//! ```

mod text;

use std::collections::BTreeSet;
use std::time::Duration;

pub use text::TextError;

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The speaker of a node starts (after a crash: starts again, with a new incarnation).
    Start(u16),
    /// The speaker dies without a word.
    Crash(u16),
    /// The speaker is asked to go: hands over, lingers, exits.
    Leave(u16),
    /// The whole speaker stands still for a while; frames queue.
    Freeze(u16, Duration),
    /// All speakers stand still together.
    FreezeAll(Duration),
    /// A link loses its carrier.
    CarrierDown(u16, u8),
    /// A link has its carrier again.
    CarrierUp(u16, u8),
    /// The node's ports have a carrier and pass nothing for a while (spanning tree).
    Silent(u16, Duration),
    /// The whole switch passes nothing for a while.
    Outage(Duration),
    /// The nodes named, with the odd hosts, are cut from the rest.
    Partition(BTreeSet<u16>),
    /// The node is cut from everything.
    Isolate(u16),
    /// The node receives nothing any more.
    Deaf(u16),
    /// Nothing of the node arrives any more.
    Mute(u16),
    /// Two nodes are cut from each other, in both directions.
    Cut(u16, u16),
    /// Frames of the first do not reach the second.
    OneWay(u16, u16),
    /// Everything that was cut is joined.
    Heal,
    /// A Service with this address is new: all running nodes offer it, as fresh.
    Service(u16),
    /// As `Service`, and one node sees it later.
    ServiceLate(u16, u16, Duration),
    /// The Service is gone: nobody offers the address.
    Unserve(u16),
    /// One node begins to offer an address.
    Offer(u16, u16),
    /// One node does not offer it any more.
    Withdraw(u16, u16),
    /// One node offers it with another weight.
    Weight(u16, u16, u32),
    /// The API server does not name the node any more.
    Forget(u16),
    /// The API server names the node again.
    Remember(u16),
    /// Frames lost, in thousandths.
    Loss(u16),
    /// Frames that begin a burst of losses, in thousandths.
    Bursts(u16),
    /// Frames that come late, in thousandths.
    Late(u16),
    /// Frames that come twice, in thousandths.
    Twice(u16),
    /// The wall clock of a node is set, by seconds; it counts from the next start.
    Wall(u16, i64),
    /// A node uses these keys (numbers), the first to seal.
    Keys(u16, Vec<u8>),
    /// An address is to move to a node.
    Move(u16, u16),
    /// A stranger says that the address is his, and goes on answering for it.
    Stranger(u16),
    /// The stranger is gone.
    StrangerGone,
    /// A liar with the right key begins to speak.
    Liar,
    /// The liar is gone.
    LiarGone,
    /// Beats are recorded from here.
    Record,
    /// All recorded beats are sent again, at once, from a port of their own.
    Replay,
    /// All recorded beats are sent again, each with a bit turned or its end cut off.
    Garble,
}

/// How long it is until a driver has told its packet thread of a change: shortest and longest.
pub const DRIVER_DELAY: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(5));
