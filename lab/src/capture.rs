//! Frames, decoded: on a segment once each, as they enter the switch; or as they reach one host.

use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::socket::{LinkAddr, recvfrom};
use patina::addr::HardwareAddr;
use patina::name::LinkIndex;
use patina::wire::{self, Message, arp, ndp};
use socket2::{Domain, Protocol, Socket, Type};

use crate::clock;
use crate::host::Host;
use crate::netns::Namespace;
use crate::segment::Segment;

/// Every protocol (`linux/if_ether.h`).
const ETH_P_ALL: u16 = 0x0003;
/// The kernel marks frames that leave the machine so (`linux/if_packet.h`).
const PACKET_OUTGOING: u8 = 4;
/// The thread looks so often whether it should end.
const LOOK_UP: Duration = Duration::from_millis(50);
const LONGEST: usize = 65_535;

/// A frame that was seen.
#[derive(Clone, Debug)]
pub struct Seen {
    /// When.
    pub at: Instant,
    /// Hardware address it came from.
    pub from: HardwareAddr,
    /// Hardware address it went to.
    pub to: HardwareAddr,
    /// What it said.
    pub said: Said,
    /// All its bytes.
    pub frame: Vec<u8>,
}

/// What a frame says to somebody who listens for neighbours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// ARP, whatever its use.
    Arp(arp::Arp),
    /// Who has this IPv6 address?
    Solicitation(ndp::Solicitation),
    /// I have.
    Advertisement(ndp::Advertisement),
    /// A beat of a speaker, sealed; its bytes.
    Beat(Vec<u8>),
}

/// An ear on a segment. Dropping it closes it.
#[derive(Debug)]
pub struct Capture {
    stop: Arc<AtomicBool>,
    seen: Receiver<Seen>,
    ear: Option<JoinHandle<io::Result<()>>>,
}

impl Capture {
    /// Listens to a segment: every frame that any of its hosts sends.
    ///
    /// # Errors
    /// No packet socket.
    pub fn start(segment: &Segment) -> io::Result<Self> {
        Self::listen(segment.switch(), Some(segment.bridge()))
    }

    /// Listens at one host: every frame that reaches it.
    ///
    /// # Errors
    /// No packet socket.
    pub fn at(host: &Host) -> io::Result<Self> {
        Self::listen(host.namespace(), None)
    }

    fn listen(namespace: &Namespace, bridge: Option<LinkIndex>) -> io::Result<Self> {
        let socket = namespace.enter(open)??;
        let stop = Arc::new(AtomicBool::new(false));
        let (sender, seen) = channel();
        let told = Arc::clone(&stop);
        let listen = move || hear(&socket, bridge, &told, &sender);
        let ear = std::thread::Builder::new().name("capture".to_owned()).spawn(listen)?;
        Ok(Self { stop, seen, ear: Some(ear) })
    }

    /// What was seen since the last call.
    pub fn take(&self) -> Vec<Seen> {
        self.seen.try_iter().collect()
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(ear) = self.ear.take() {
            // A capture that broke has shown what it saw.
            let _ = ear.join();
        }
    }
}

fn open() -> io::Result<Socket> {
    let all = Protocol::from(i32::from(ETH_P_ALL.to_be()));
    let socket = Socket::new(Domain::PACKET, Type::RAW, Some(all))?;
    socket.set_read_timeout(Some(LOOK_UP))?;
    Ok(socket)
}

fn hear(
    socket: &Socket,
    bridge: Option<LinkIndex>,
    stop: &AtomicBool,
    seen: &Sender<Seen>,
) -> io::Result<()> {
    let mut frame = vec![0; LONGEST];
    while !stop.load(Ordering::Relaxed) {
        let (length, from) = match recvfrom::<LinkAddr>(socket.as_raw_fd(), &mut frame) {
            Ok(received) => received,
            Err(nix::errno::Errno::EAGAIN | nix::errno::Errno::EINTR) => continue,
            Err(error) => return Err(error.into()),
        };
        // The bridge passes frames on: count each where it comes in.
        let counts = from.is_some_and(|link| {
            let index = u32::try_from(link.ifindex()).ok().map(LinkIndex);
            link.pkttype() != PACKET_OUTGOING && (bridge.is_none() || index != bridge)
        });
        if let Some(understood) = counts.then(|| understand(&frame[..length])).flatten() {
            // Nobody listens any more: the capture is being dropped.
            let _ = seen.send(understood);
        }
    }
    Ok(())
}

fn understand(frame: &[u8]) -> Option<Seen> {
    let received = wire::read(frame).ok()?;
    let said = match received.message {
        Message::Arp(arp) => Said::Arp(arp),
        Message::Solicitation(solicitation) => Said::Solicitation(solicitation),
        Message::Advertisement(advertisement) => Said::Advertisement(advertisement),
        Message::Datagram(datagram) => Said::Beat(datagram.payload.to_vec()),
    };
    let (from, to) = (received.ethernet.source, received.ethernet.destination);
    Some(Seen { at: clock::now(), from, to, said, frame: frame.to_vec() })
}
