use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::addr::HardwareAddr;
use crate::membership::beat::{Beat, Heard, Part, Want};
use crate::membership::list::{Digest, Slice, Stamp};
use crate::membership::member::{Incarnation, NodeId, Sequence, State, Version};
use crate::membership::offers::{Claim, Epoch, Weight};
use crate::name::NodeName;

fn stamp() -> impl Strategy<Value = Stamp> {
    any::<(u32, u64)>().prop_map(|(v, d)| Stamp { version: Version(v), digest: Digest(d) })
}

fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u32>().prop_map(|bits| Ipv4Addr::from(bits).into()),
        any::<u128>().prop_map(|bits| Ipv6Addr::from(bits).into()),
    ]
}

fn slice<E: Clone + std::fmt::Debug>(entry: impl Strategy<Value = E>) -> impl Strategy<Value = Slice<E>> {
    let entries = prop::collection::vec((address(), prop::option::of(entry)), 0..5);
    (any::<(u32, u16, u16)>(), stamp(), entries).prop_map(|((base, index, count), to, entries)| Slice {
        base: Version(base),
        to,
        index,
        count,
        entries,
    })
}

fn claim() -> impl Strategy<Value = Claim> {
    any::<(u32, bool, u32, Option<u64>, Option<u64>, Option<u64>)>().prop_map(
        |(epoch, confirmed, weight, first, second, target)| Claim {
            epoch: Epoch(epoch),
            confirmed,
            weight: Weight(weight),
            line: [first.map(NodeId), second.map(NodeId)],
            target: target.map(NodeId),
        },
    )
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        slice(any::<u32>().prop_map(Weight)).prop_map(Part::Offers),
        slice(claim()).prop_map(Part::Claims),
    ]
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
            cluster: ClusterId(cluster), id: NodeId(id), name: NodeName::from(name.as_str()),
            hardware: HardwareAddr([2, 0, 0, 0, 0, 9]), incarnation: Incarnation(incarnation),
            sequence: Sequence(sequence), state, ready, receiving, interval: millis(interval),
            patience: millis(interval + patience), sent: millis(sent.into()), lateness: millis(lateness),
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

/// A beat of node-a with one heard peer: the layout of the module's documentation, byte by byte.
#[test]
fn the_layout_is_the_documented_one() {
    let beat = Beat {
        cluster: ClusterId(0x0102_0304_0506_0708),
        id: NodeId(0x1112_1314_1516_1718),
        name: NodeName::from("node-a"),
        hardware: HardwareAddr([2, 0, 0, 0, 0, 1]),
        incarnation: Incarnation(5),
        sequence: Sequence(6),
        state: State::Active,
        ready: false,
        receiving: true,
        interval: Duration::from_millis(100),
        patience: Duration::from_millis(325),
        sent: Duration::from_millis(7),
        lateness: Duration::from_millis(3),
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
