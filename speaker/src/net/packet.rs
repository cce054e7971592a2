//! One packet socket for one link: every frame that concerns the machine, in and out.
//!
//! The socket is opened with protocol 0, so that it receives nothing; it gets its filter and options, and only then its
//! link. Frames of other links or without the filter are never in its queue.

use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::time::Duration;

use nix::cmsg_space;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt, sockopt};
use nix::sys::time::TimeSpec;
use patina::name::LinkIndex;
use patina::wire::ipv4udp;
use socket2::{Domain, SockFilter, Socket, Type};

use super::filter::PROGRAM;
use super::sys;

/// Room for frames that wait while the packet thread does not run: some thousand, where the kernel allows it
/// (`net.core.rmem_max`).
const RECEIVE_BUFFER: usize = 1 << 20;
/// Longest frame that is read whole. What is longer is cut, and refused for it.
const LONGEST: usize = 2048;

/// A packet socket at work on one link.
#[derive(Debug)]
pub(super) struct PacketSocket {
    socket: Socket,
}

/// Where frames are read to; one for all sockets.
#[derive(Debug)]
pub(super) struct ReceiveBuffer {
    frame: Box<[u8; LONGEST]>,
    control: Vec<u8>,
}

/// A frame and when the kernel received it, by the wall clock.
#[derive(Debug)]
pub(super) struct Stamped<'a> {
    pub(super) frame: &'a [u8],
    pub(super) at: Option<Duration>,
}

/// A packet socket that receives nothing yet. It takes the capability NET_RAW.
pub(super) fn open_unbound() -> io::Result<Socket> {
    Socket::new(Domain::PACKET, Type::RAW.nonblocking().cloexec(), None)
}

impl PacketSocket {
    /// Opens a socket on `link`.
    pub(super) fn open(link: LinkIndex) -> io::Result<Self> {
        let socket = open_unbound()?;
        let filter = PROGRAM.map(|i| SockFilter::new(i.code, i.if_true, i.if_false, i.operand));
        socket.attach_filter(&filter)?;
        sys::ignore_outgoing(&socket)?;
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
        socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
        sys::listen_to_group(&socket, link, ipv4udp::GROUP_HARDWARE)?;
        sys::bind(&socket, link)?;
        Ok(Self { socket })
    }

    /// The next frame in the queue, or nothing.
    pub(super) fn receive<'a>(&self, buffer: &'a mut ReceiveBuffer) -> io::Result<Option<Stamped<'a>>> {
        let ReceiveBuffer { frame, control } = buffer;
        let mut slices = [IoSliceMut::new(frame.as_mut_slice())];
        let result =
            recvmsg::<()>(self.socket.as_raw_fd(), &mut slices, Some(control), MsgFlags::MSG_DONTWAIT);
        let message = match result.map_err(io::Error::from) {
            Ok(message) => message,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error),
        };
        let (length, at) = (message.bytes, stamp(message.cmsgs()?));
        Ok(Some(Stamped { frame: &frame[..length], at }))
    }

    /// Sends a whole frame, now or not at all.
    pub(super) fn send(&self, frame: &[u8]) -> io::Result<()> {
        self.socket.send(frame).map(drop)
    }

    /// How many frames the kernel has dropped since the last call.
    pub(super) fn take_overruns(&self) -> io::Result<u64> {
        sys::take_overruns(&self.socket)
    }
}

impl AsFd for PacketSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl ReceiveBuffer {
    pub(super) fn new() -> Self {
        Self { frame: Box::new([0; LONGEST]), control: cmsg_space!(TimeSpec) }
    }
}

fn stamp(mut control: impl Iterator<Item = ControlMessageOwned>) -> Option<Duration> {
    control.find_map(|message| {
        let ControlMessageOwned::ScmTimestampns(time) = message else { return None };
        Some(time.into())
    })
}
