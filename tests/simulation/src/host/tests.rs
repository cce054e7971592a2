use super::*;

const A: HardwareAddr = HardwareAddr([2, 0, 0, 0, 0, 0xa]);
const B: HardwareAddr = HardwareAddr([2, 0, 0, 0, 0, 0xb]);
const V4: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn v6() -> Ipv6Addr {
    Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)
}

/// A host that has resolved both addresses to A at time zero.
fn resolved() -> Host {
    let mut host = Host::new(1, 0, Habit::Uses);
    host.act(&[V4.into(), v6().into()], ms(0));
    let own = host.station.hardware();
    receive(&mut host, own, arp(true, A, own, Ipv4Addr::new(10, 9, 0, 0)), ms(0));
    receive(&mut host, own, advertisement(A, true, true), ms(0));
    assert_eq!((host.uses(V4.into()), host.uses(v6().into())), (Some(A), Some(A)));
    host
}

fn arp(reply: bool, sender_hw: HardwareAddr, target_hw: HardwareAddr, target: Ipv4Addr) -> Kind {
    Kind::Arp(Arp { reply, sender_hw, sender: V4, target_hw, target })
}

fn advertisement(hardware: HardwareAddr, solicited: bool, overriding: bool) -> Kind {
    Kind::Advertisement(Advertisement { target: v6(), solicited, overriding, target_hw: Some(hardware) })
}

fn receive(host: &mut Host, to: HardwareAddr, kind: Kind, at: Duration) {
    host.receive(&Seen { to, from: B, kind }, at);
}

/// What the host uses after a frame of B that comes `age` after the entry was made.
fn after(kind: Kind, to: HardwareAddr, age: Duration) -> HardwareAddr {
    let mut host = resolved();
    receive(&mut host, to, kind, age);
    let address = kind.claims().expect("a frame that claims an address");
    host.uses(address).expect("an entry that was made")
}

#[test]
fn a_gratuitous_request_replaces_an_entry_of_any_age() {
    let frame = arp(false, B, HardwareAddr::ZERO, V4);
    assert_eq!(after(frame, HardwareAddr::BROADCAST, ms(50)), B);
    assert_eq!(after(frame, HardwareAddr::BROADCAST, ms(60_000)), B);
}

#[test]
fn a_gratuitous_reply_needs_its_own_target_hardware_address_to_replace_a_young_entry() {
    let own_target = arp(true, B, B, V4);
    let broadcast_target = arp(true, B, HardwareAddr::BROADCAST, V4);
    assert_eq!(after(own_target, HardwareAddr::BROADCAST, ms(50)), B);
    assert_eq!(after(broadcast_target, HardwareAddr::BROADCAST, ms(50)), A);
    assert_eq!(after(broadcast_target, HardwareAddr::BROADCAST, ms(1_100)), B);
}

#[test]
fn an_unasked_unicast_reply_is_ignored_by_a_young_entry() {
    let own = Station::Host(0).hardware();
    let frame = arp(true, B, own, Ipv4Addr::new(10, 9, 0, 0));
    assert_eq!(after(frame, own, ms(50)), A);
    assert_eq!(after(frame, own, ms(1_100)), B);
}

#[test]
fn an_advertisement_replaces_only_with_override() {
    let own = Station::Host(0).hardware();
    for solicited in [false, true] {
        assert_eq!(after(advertisement(B, solicited, true), own, ms(50)), B);
        assert_eq!(after(advertisement(B, solicited, false), own, ms(60_000)), A);
    }
}

#[test]
fn nothing_unasked_makes_an_entry() {
    let mut host = Host::new(1, 0, Habit::Uses);
    receive(&mut host, HardwareAddr::BROADCAST, arp(false, B, HardwareAddr::ZERO, V4), ms(0));
    receive(&mut host, HardwareAddr::BROADCAST, advertisement(B, false, true), ms(0));
    assert_eq!((host.uses(V4.into()), host.uses(v6().into())), (None, None));
}

#[test]
fn an_entry_that_nobody_confirms_is_probed_by_unicast_and_given_up_within_53_seconds() {
    let mut host = resolved();
    let mut unicast = 0;
    let gone = (1..600).map(|tenth| ms(tenth * 100)).find(|&at| {
        for bytes in host.act(&[V4.into()], at) {
            let seen = frame::read(&bytes).expect("a whole frame");
            unicast += u32::from(seen.to == A);
        }
        host.uses(V4.into()).is_none()
    });
    let gone = gone.expect("given up within a minute");
    assert_eq!(unicast, 3);
    assert!((ms(22_000)..ms(54_000)).contains(&gone), "{gone:?}");
}

#[test]
fn questions_without_an_answer_are_counted() {
    let mut host = Host::new(1, 0, Habit::Asks(ms(20)));
    let own = host.station.hardware();
    let reply = arp(true, A, own, Ipv4Addr::new(10, 9, 0, 0));
    for at in [0, 20, 40, 60] {
        host.act(&[V4.into()], ms(at));
    }
    receive(&mut host, own, reply, ms(61));
    let asked = host.asked(V4.into());
    assert_eq!((asked.questions, asked.unanswered, asked.longest), (4, 3, ms(61)));
}
