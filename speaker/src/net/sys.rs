//! Calls to the kernel that no safe crate wraps. The only unsafe code of the speaker.

#![expect(unsafe_code, reason = "packet socket options, scheduling and memory locking have no safe wrapper")]

use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::AsRawFd;

use patina::addr::HardwareAddr;
use patina::name::LinkIndex;
use socket2::Socket;

/// Every protocol, in network byte order (`ETH_P_ALL`).
const EVERY_PROTOCOL: u16 = 0x0003_u16.to_be();
const HARDWARE_LENGTH: u16 = 6;

/// Binds a packet socket to one link and to every protocol. Frames begin to arrive.
pub(super) fn bind(socket: &Socket, link: LinkIndex) -> io::Result<()> {
    // SAFETY: all zero bytes are a valid `sockaddr_ll`.
    let mut address: libc::sockaddr_ll = unsafe { zeroed() };
    address.sll_family = libc::AF_PACKET as libc::sa_family_t;
    address.sll_protocol = EVERY_PROTOCOL;
    address.sll_ifindex = index(link)?;
    // SAFETY: the pointer and the length describe `address`, which lives until the call returns.
    let result = unsafe {
        libc::bind(
            socket.as_raw_fd(),
            (&raw const address).cast(),
            size_of::<libc::sockaddr_ll>() as libc::socklen_t,
        )
    };
    checked(result)
}

/// Keeps frames that this node sends away from the socket.
pub(super) fn ignore_outgoing(socket: &Socket) -> io::Result<()> {
    let on: libc::c_int = 1;
    set_packet_option(socket, libc::PACKET_IGNORE_OUTGOING, &on)
}

/// Makes the link's hardware filter let a group pass, for as long as the socket lives.
pub(super) fn listen_to_group(socket: &Socket, link: LinkIndex, group: HardwareAddr) -> io::Result<()> {
    // SAFETY: all zero bytes are a valid `packet_mreq`.
    let mut request: libc::packet_mreq = unsafe { zeroed() };
    request.mr_ifindex = index(link)?;
    request.mr_type = libc::PACKET_MR_MULTICAST as u16;
    request.mr_alen = HARDWARE_LENGTH;
    request.mr_address[..group.0.len()].copy_from_slice(&group.0);
    set_packet_option(socket, libc::PACKET_ADD_MEMBERSHIP, &request)
}

/// How many frames the kernel has dropped since the last call, because the socket's queue was full.
pub(super) fn take_overruns(socket: &Socket) -> io::Result<u64> {
    let mut statistics = libc::tpacket_stats { tp_packets: 0, tp_drops: 0 };
    let mut length = size_of::<libc::tpacket_stats>() as libc::socklen_t;
    // SAFETY: both pointers are to live values, and `length` is the size of the first.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            libc::PACKET_STATISTICS,
            (&raw mut statistics).cast(),
            &raw mut length,
        )
    };
    checked(result).map(|()| statistics.tp_drops.into())
}

/// Gives the calling thread a real-time priority; threads and processes that it starts do not inherit it.
pub(super) fn run_in_real_time(priority: i32) -> io::Result<()> {
    /// `struct sched_param` of the kernel, which holds less than that of some C libraries.
    #[repr(C)]
    struct Parameter {
        priority: libc::c_int,
    }
    let parameter = Parameter { priority };
    let policy = libc::SCHED_RR | libc::SCHED_RESET_ON_FORK;
    // The call itself: musl's function of this name refuses always.
    // SAFETY: thread 0 is the caller, and the pointer is to a live value.
    let result = unsafe { libc::syscall(libc::SYS_sched_setscheduler, 0, policy, &raw const parameter) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Keeps every page that the process touches, now and later, in memory.
pub(super) fn lock_memory() -> io::Result<()> {
    // SAFETY: the call takes no pointers and changes nothing that the program can see.
    checked(unsafe { libc::mlockall(libc::MCL_CURRENT | libc::MCL_FUTURE | libc::MCL_ONFAULT) })
}

/// Whether the calling thread has a capability, by its number, in its effective set.
pub(super) fn has_capability(number: u32) -> bool {
    /// `struct __user_cap_header_struct` of the kernel.
    #[repr(C)]
    struct Header {
        version: u32,
        thread: libc::c_int,
    }
    /// `struct __user_cap_data_struct` of the kernel.
    #[repr(C)]
    #[derive(Clone, Copy, Default)]
    struct Sets {
        effective: u32,
        permitted: u32,
        inheritable: u32,
    }
    const VERSION_3: u32 = 0x2008_0522;
    let mut header = Header { version: VERSION_3, thread: 0 };
    let mut sets = [Sets::default(); 2];
    // SAFETY: version 3 of the call writes two sets, and both pointers are to live values of the kernel's layout.
    let result = unsafe { libc::syscall(libc::SYS_capget, &raw mut header, sets.as_mut_ptr()) };
    let word = sets.get(number as usize / 32).map_or(0, |set| set.effective);
    result == 0 && word & (1 << (number % 32)) != 0
}

fn set_packet_option<T: Copy>(socket: &Socket, option: libc::c_int, value: &T) -> io::Result<()> {
    // SAFETY: the pointer and the length describe `value`, which lives until the call returns.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            option,
            std::ptr::from_ref(value).cast(),
            size_of::<T>() as libc::socklen_t,
        )
    };
    checked(result)
}

fn index(link: LinkIndex) -> io::Result<libc::c_int> {
    libc::c_int::try_from(link.0).map_err(|_| io::Error::from_raw_os_error(libc::ENODEV))
}

fn checked(result: libc::c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
