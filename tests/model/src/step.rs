//! What happens to a cluster, as plain values that can be written down and read again.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// A user creates the Service, or asks for something else with it.
    Service(u8, Wish),
    /// A user deletes it.
    Delete(u8),
    /// Somebody writes these addresses into its status by hand.
    Show(u8, Vec<IpAddr>),
    /// Somebody edits the annotation that says which pool its addresses come from.
    Mark(u8, Option<u8>),
    /// The operator creates the pool or writes it anew.
    Pool(u8, PoolWish),
    /// The operator deletes it.
    NoPool(u8),
    /// These ranges are somebody else's outside the cluster from now on; none: nothing is.
    Foreign(Vec<String>),
    /// The namespace gets this label.
    Label(u8, u8),
    /// An advertisement for everything comes or goes.
    Advertise(bool),
    /// Nothing passes between the controller and the API server; what is under way is lost or arrives after the end of it.
    Cut(u8),
    /// It passes again.
    Heal(u8),
    /// Requests of the controller arrive, and no answer comes back, until it is healed.
    Deafen(u8),
    /// Requests of the controller are under way for so many milliseconds at most, until it is healed.
    Slow(u8, u16),
    /// What its watches tell is so many milliseconds late at most, until it is healed.
    Stale(u8, u16),
    /// The controller dies.
    Crash(u8),
    /// It starts.
    Start(u8),
    /// Its process stands still for so many milliseconds.
    Stall(u8, u16),
    /// Its watches break and go on where they were.
    Break(u8),
    /// The API server forgets old versions, and every watch breaks: those that lag list again.
    Forget,
    /// The API server answers most writes with errors for so many milliseconds; some it carries out all the same.
    Unwell(u16),
    /// The IPAM endpoint answers like this from now on.
    Mood(u8, Mood),
    /// The IPAM endpoint loses one of its loans from its records, by its place among them.
    Mislay(u8, u8),
    /// Everything is mended and nobody does anything until all is settled: then every law must hold.
    Quiet,
    /// As [`Step::Quiet`], and then the leader dies: the next one finds nothing to write.
    Succeed,
}

/// What a Service asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// Type and class.
    #[serde(default)]
    pub kind: Type,
    /// Cluster addresses and policy.
    pub families: Families,
    /// The pool that it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<u8>,
    /// A second pool that it names: one is for each family.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<u8>,
    /// The addresses that it names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<IpAddr>,
    /// How many addresses of each family it asks for; 0: it does not say.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub several: u8,
    /// Its sharing key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<u8>,
    /// Its only port.
    pub port: u16,
    /// `externalTrafficPolicy: Local`.
    #[serde(default)]
    pub local: bool,
    /// Value of its label `app` and of its selector.
    #[serde(default)]
    pub app: u8,
}

/// Type and class of a Service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Type {
    /// `LoadBalancer`, without a class: ours.
    #[default]
    Balancer,
    /// `LoadBalancer` of somebody else's class.
    OtherClass,
    /// `ClusterIP`.
    ClusterIp,
}

/// How an IPAM endpoint answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mood {
    /// As it should.
    #[default]
    Sound,
    /// It cannot be reached.
    Dead,
    /// It does nothing, and does not answer.
    Silent,
    /// It does what it is asked, and does not answer.
    Mute,
    /// Calls and answers take so many milliseconds at most, which may be longer than they are waited for.
    Slow(u16),
    /// It says no to whoever asks for an address.
    Refusing,
    /// It lends this address, whatever it is asked for, and writes that down.
    Lying(IpAddr),
}

/// Which families a Service wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Families {
    /// IPv4 alone.
    V4,
    /// IPv6 alone.
    V6,
    /// `RequireDualStack`.
    Both,
    /// `PreferDualStack`, IPv4 first.
    PreferV4,
    /// `PreferDualStack`, IPv6 first.
    PreferV6,
}

/// What a pool is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolWish {
    /// `first-last`, in order; what is something else is wrong on purpose.
    pub ranges: Vec<String>,
    /// `autoAssign: false`.
    #[serde(default)]
    pub on_request: bool,
    /// `avoidBuggyIPs`.
    #[serde(default)]
    pub avoid_buggy: bool,
    /// `serviceAllocation`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whom: Option<Whom>,
    /// Addresses that are never given out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<IpAddr>,
    /// Addresses that are kept for Services.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reserved: Vec<(IpAddr, u8)>,
    /// For how many seconds addresses cool; without, it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cool_down: Option<u16>,
    /// The IPAM endpoint that lends its addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lender: Option<u8>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &u8) -> bool {
    *count == 0
}

impl PoolWish {
    /// Addresses that are kept for the Service, as listed.
    pub fn reserved_for(&self, service: u8) -> impl Iterator<Item = IpAddr> + '_ {
        self.reserved.iter().filter(move |(_, whom)| *whom == service).map(|(address, _)| *address)
    }

    /// Whether the address is kept for others than the Service.
    pub fn bars(&self, address: IpAddr, service: u8) -> bool {
        let mut whom = self.reserved.iter().filter(|(kept, _)| *kept == address).peekable();
        whom.peek().is_some() && !whom.any(|(_, kept_for)| *kept_for == service)
    }
}

impl Wish {
    /// How many addresses of a family it may hold.
    pub fn most(&self) -> usize {
        self.several.max(1).into()
    }

    /// How many addresses of a family are to be found for it. A request is met as it is.
    pub fn least(&self) -> usize {
        if self.addresses.is_empty() { self.most() } else { 1 }
    }
}

/// Whom a pool is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Whom {
    /// 0: none.
    #[serde(default)]
    pub priority: u8,
    /// A namespace by number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<u8>,
    /// Namespaces by label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<u8>,
    /// Services by label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<u8>,
}
