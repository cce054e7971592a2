use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::addr::HardwareAddr;
use crate::membership::beat::{Beat, Heard, Part, Said, Want};
use crate::membership::list::{Digest, SLICE_BYTES, Slice, Stamp};
use crate::membership::member::{Incarnation, NodeId, Sequence, State, Version};
use crate::membership::seal::SEAL_LEN;
use crate::membership::speech::{HEARD_AT_MOST, WANTS_AT_MOST};
use crate::membership::transfer::RIDING_BYTES;
use crate::wire::ipv4udp::MAX_PAYLOAD;

fn stamp() -> impl Strategy<Value = Stamp> {
    any::<(u32, u64)>().prop_map(|(v, d)| Stamp { version: Version(v), digest: Digest(d) })
}

fn slice() -> impl Strategy<Value = Slice> {
    let bytes = prop::collection::vec(any::<u8>(), 0..40);
    (any::<(u32, u16, u16)>(), stamp(), bytes).prop_map(|((base, index, count), to, bytes)| Slice {
        base: Version(base),
        to,
        index,
        count,
        bytes,
    })
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![slice().prop_map(Part::Offers), slice().prop_map(Part::Claims)]
}

fn heard() -> impl Strategy<Value = Heard> {
    any::<(u64, bool, u16, u64, u64, u32)>().prop_map(|(id, asked, age, incarnation, sequence, claims)| {
        Heard {
            id: NodeId(id),
            asked,
            age: Duration::from_millis(age.into()),
            incarnation: Incarnation(incarnation),
            sequence: Sequence(sequence),
            claims: Version(claims),
        }
    })
}

fn want() -> impl Strategy<Value = Want> {
    any::<(u64, Option<u32>, Option<u32>)>().prop_map(|(id, offers, claims)| Want {
        id: NodeId(id),
        offers: offers.map(Version),
        claims: claims.map(Version),
    })
}

prop_compose! {
    fn beat()(
        (cluster, id, sent) in any::<(u64, u64, u32)>(),
        name in "[a-z]{1,20}",
        (incarnation, sequence, ready, receiving) in any::<(u64, u64, bool, bool)>(),
        state in prop::sample::select(vec![State::Starting, State::Active, State::Doubting, State::Leaving]),
        interval in 1u64..1000, patience in 1u64..1000, lateness in 0u64..1000,
        (offers, claims) in (stamp(), stamp()),
        heard in prop::collection::vec(heard(), 0..4),
        wants in prop::collection::vec(want(), 0..4),
        gone in prop::collection::vec(any::<u64>().prop_map(NodeId), 0..3),
        parts in prop::collection::vec(part(), 0..3),
    ) -> Beat {
        let millis = Duration::from_millis;
        Beat {
            cluster: ClusterId(cluster), id: NodeId(id), name,
            hardware: HardwareAddr([2, 0, 0, 0, 0, 9]), incarnation: Incarnation(incarnation),
            sequence: Sequence(sequence), sent: millis(sent.into()),
            said: Said {
                state, ready, receiving, interval: millis(interval),
                patience: millis(interval + patience), lateness: millis(lateness),
            },
            offers, claims, heard, wants, gone, parts,
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(beat in beat()) {
        prop_assert_eq!(decode(&encode(&beat)), Ok(beat));
    }

    #[test]
    fn a_datagram_cut_short_is_refused_or_lacks_whole_sections(beat in beat(), at in any::<prop::sample::Index>()) {
        let bytes = encode(&beat);
        let cut = &bytes[..at.index(bytes.len())];
        prop_assert_ne!(decode(cut).ok(), Some(beat));
    }

    #[test]
    fn no_bytes_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..300), framed in any::<bool>()) {
        if framed && bytes.len() > 5 {
            bytes[..5].copy_from_slice(b"PTNA\x01");
        }
        let _ = decode(&bytes);
    }
}

/// The fullest beat: the longest name, as many entries as are ever named, and a change of each list.
#[test]
fn the_fullest_beat_fits_a_frame() {
    let slice = |kind: fn(Slice) -> Part| {
        let (base, to) = (Version(1), Stamp { version: Version(2), digest: Digest(3) });
        kind(Slice { base, to, index: 0, count: 1, bytes: vec![0; RIDING_BYTES] })
    };
    let heard = Heard {
        id: NodeId(1),
        asked: true,
        age: Duration::MAX,
        incarnation: Incarnation(u64::MAX),
        sequence: Sequence(u64::MAX),
        claims: Version(u32::MAX),
    };
    let want = Want { id: NodeId(1), offers: Some(Version(1)), claims: Some(Version(1)) };
    let beat = Beat {
        name: "n".repeat(253),
        heard: vec![heard; HEARD_AT_MOST],
        wants: vec![want; WANTS_AT_MOST],
        gone: vec![NodeId(1); 8],
        parts: vec![slice(Part::Claims), slice(Part::Offers)],
        ..Beat::default()
    };
    assert!(encode(&beat).len() + SEAL_LEN <= MAX_PAYLOAD, "{}", encode(&beat).len());
    let alone = Beat { heard: Vec::new(), wants: Vec::new(), gone: Vec::new(), parts: Vec::new(), ..beat };
    assert!(encode(&alone).len() + 3 + 20 + SLICE_BYTES + SEAL_LEN <= MAX_PAYLOAD);
}

/// A beat of node-a with one heard peer: the layout of the module's documentation, byte by byte.
#[test]
fn the_layout_is_the_documented_one() {
    let beat = Beat {
        cluster: ClusterId(0x0102_0304_0506_0708),
        id: NodeId(0x1112_1314_1516_1718),
        name: "node-a".to_owned(),
        hardware: HardwareAddr([2, 0, 0, 0, 0, 1]),
        incarnation: Incarnation(5),
        sequence: Sequence(6),
        said: Said {
            state: State::Active,
            ready: false,
            receiving: true,
            interval: Duration::from_millis(100),
            patience: Duration::from_millis(325),
            lateness: Duration::from_millis(3),
        },
        sent: Duration::from_millis(7),
        offers: Stamp { version: Version(8), digest: Digest(9) },
        claims: Stamp { version: Version(10), digest: Digest(11) },
        heard: Vec::new(),
        wants: Vec::new(),
        gone: vec![NodeId(0x2122_2324_2526_2728)],
        parts: Vec::new(),
    };
    let text = "50544e4101010206 0102030405060708 1112131415161718 020000000001 0064 0145 0003 \
                0000000000000005 0000000000000006 0000000000000007 00000008 0000000000000009 \
                0000000a 000000000000000b 6e6f64652d61 03 0008 2122232425262728";
    let bytes: String = encode(&beat).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(bytes, text.replace(' ', ""));
}

#[test]
fn another_protocol_and_another_version_are_told_from_a_short_datagram() {
    assert_eq!(cluster(b"PTNA\x01"), Err(Unreadable::Truncated));
    assert_eq!(cluster(&[0; 16]), Err(Unreadable::Version));
    assert_eq!(cluster(b"PTNA\x02aaaabbbbbbb"), Err(Unreadable::Version));
    assert_eq!(cluster(b"PTNA\x01aaa\0\0\0\0\0\0\0\x07"), Ok(ClusterId(7)));
}
