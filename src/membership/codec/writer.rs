//! A beat as bytes.

use std::time::Duration;

use super::{ASKED, CLAIMS, GONE, HEARD, MAGIC, OFFERS, READY, RECEIVING, VERSION, WANTS};
use crate::membership::beat::{Beat, Heard, Part, Want};
use crate::membership::list::{Slice, Stamp};
use crate::membership::member::State;

/// The bytes of `beat`, to be sealed. A name longer than 255 bytes is cut, spans longer than 65 s are written as 65 s.
pub fn encode(beat: &Beat) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_into(beat, &mut bytes);
    bytes
}

/// Appends the bytes of `beat` to `bytes`.
pub fn encode_into(beat: &Beat, bytes: &mut Vec<u8>) {
    head(bytes, beat);
    section(bytes, HEARD, !beat.heard.is_empty(), |b| beat.heard.iter().for_each(|h| heard(b, h)));
    section(bytes, WANTS, !beat.wants.is_empty(), |b| beat.wants.iter().for_each(|w| want(b, w)));
    section(bytes, GONE, !beat.gone.is_empty(), |b| {
        beat.gone.iter().for_each(|id| b.extend(id.0.to_be_bytes()));
    });
    for part in &beat.parts {
        match part {
            Part::Offers(slice) => section(bytes, OFFERS, true, |b| put_slice(b, slice)),
            Part::Claims(slice) => section(bytes, CLAIMS, true, |b| put_slice(b, slice)),
        }
    }
}

fn head(bytes: &mut Vec<u8>, beat: &Beat) {
    let name = beat.name.as_bytes();
    let length = u8::try_from(name.len()).unwrap_or(u8::MAX);
    let flags = if beat.said.ready { READY } else { 0 } | if beat.said.receiving { RECEIVING } else { 0 };
    bytes.extend(MAGIC);
    bytes.extend([VERSION, state(beat.said.state), flags, length]);
    bytes.extend(beat.cluster.0.to_be_bytes());
    bytes.extend(beat.id.0.to_be_bytes());
    bytes.extend(beat.hardware.0);
    for span in [beat.said.interval, beat.said.patience, beat.said.lateness] {
        bytes.extend(millis(span).to_be_bytes());
    }
    bytes.extend(beat.incarnation.0.to_be_bytes());
    bytes.extend(beat.sequence.0.to_be_bytes());
    bytes.extend(u64::try_from(beat.sent.as_millis()).unwrap_or(u64::MAX).to_be_bytes());
    stamp(bytes, beat.offers);
    stamp(bytes, beat.claims);
    bytes.extend(name.iter().take(usize::from(length)));
}

fn state(state: State) -> u8 {
    match state {
        State::Starting => 0,
        State::Active => 1,
        State::Doubting => 2,
        State::Leaving => 3,
    }
}

fn millis(span: Duration) -> u16 {
    u16::try_from(span.as_millis()).unwrap_or(u16::MAX)
}

fn stamp(bytes: &mut Vec<u8>, stamp: Stamp) {
    bytes.extend(stamp.version.0.to_be_bytes());
    bytes.extend(stamp.digest.0.to_be_bytes());
}

/// Writes a section and then its length in front of it.
fn section(bytes: &mut Vec<u8>, kind: u8, present: bool, body: impl FnOnce(&mut Vec<u8>)) {
    if !present {
        return;
    }
    bytes.extend([kind, 0, 0]);
    let start = bytes.len();
    body(bytes);
    let length = u16::try_from(bytes.len() - start).unwrap_or(u16::MAX);
    bytes[start - 2..start].copy_from_slice(&length.to_be_bytes());
}

fn heard(bytes: &mut Vec<u8>, heard: &Heard) {
    bytes.extend(heard.id.0.to_be_bytes());
    bytes.push(if heard.asked { ASKED } else { 0 });
    bytes.extend(millis(heard.age).to_be_bytes());
    bytes.extend(heard.incarnation.0.to_be_bytes());
    bytes.extend(heard.sequence.0.to_be_bytes());
    bytes.extend(heard.claims.0.to_be_bytes());
}

fn want(bytes: &mut Vec<u8>, want: &Want) {
    bytes.extend(want.id.0.to_be_bytes());
    bytes.push(u8::from(want.offers.is_some()) | u8::from(want.claims.is_some()) << 1);
    for version in [want.offers, want.claims] {
        bytes.extend(version.unwrap_or_default().0.to_be_bytes());
    }
}

fn put_slice(bytes: &mut Vec<u8>, slice: &Slice) {
    bytes.extend(slice.base.0.to_be_bytes());
    stamp(bytes, slice.to);
    bytes.extend(slice.index.to_be_bytes());
    bytes.extend(slice.count.to_be_bytes());
    bytes.extend_from_slice(&slice.bytes);
}
