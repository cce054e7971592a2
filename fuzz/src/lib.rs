//! What each fuzz target does with its bytes: plain functions, so that a corpus can be replayed on any compiler.
//!
//! A body panics when a promise is broken; that it returns is all that most inputs must show.
//!
//! | target | bytes are | promise |
//! | --- | --- | --- |
//! | `arp` | a frame | what was understood is written and read again as the same |
//! | `ndp` | a frame, whose checksum is mended first | the same |
//! | `datagram` | a frame, a payload put into one, and a beat without its seal | the same |
//! | `objects` | JSON: pools and advertisements | the configuration does not depend on their order |
//! | `reviews` | an AdmissionReview | its answer names it, and what stands already is not refused |
//! | `loans` | an answer of an IPAM endpoint | one id names one loan; of a list counts what stands in it and is ours |
//! | `machine_ops` | frames, words and times for two packet threads | nothing stays due for ever; what is sent is understood |

mod frames;
mod loans;
mod machine;
mod objects;
mod reviews;

pub use frames::{arp, datagram, ndp};
pub use loans::loans;
pub use machine::machine_ops;
pub use objects::objects;
pub use reviews::reviews;

/// A body.
pub type Body = fn(&[u8]);

/// Every target by name; its corpus is the folder of that name in `corpus/`.
pub const TARGETS: [(&str, Body); 7] = [
    ("arp", arp),
    ("ndp", ndp),
    ("datagram", datagram),
    ("objects", objects),
    ("reviews", reviews),
    ("loans", loans),
    ("machine_ops", machine_ops),
];
