//! What every part of a cluster stands on: segment, files, programs, and who has which address.
//!
//! Nodes, client and Pods have the addresses of the lab ([`patina_lab::cluster::layout`]). The API server's host has
//! 192.168.50.5 and fd00:50::5.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use ipnet::IpNet;
use patina::addr::HardwareAddr;
use patina_lab::pods::Programs;
use patina_lab::segment::Segment;
use patina_lab::state::StateDir;

use crate::credentials::{Account, Credentials};
use crate::{Spec, Tool, Tools};

/// Hardware address of the API server's host.
pub(crate) const API_HARDWARE: HardwareAddr = HardwareAddr([0x02, 0x50, 0, 0, 2, 0]);
/// Port of the API server.
pub(crate) const API_PORT: u16 = 6443;

/// Segment, files, programs.
pub(crate) struct Ground {
    pub(crate) spec: Spec,
    pub(crate) segment: Segment,
    pub(crate) state: StateDir,
    pub(crate) tools: Tools,
    /// The `patina` command.
    pub(crate) patina: PathBuf,
    pub(crate) credentials: Credentials,
    /// Holds the speakers' shared key.
    pub(crate) key_folder: PathBuf,
}

impl Ground {
    /// Where a program's output goes.
    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.state.file(&format!("{name}.log"))
    }

    /// Writes the kubeconfigs of programs inside the cluster, once: a program that starts reads its own at any time.
    pub(crate) fn write_kubeconfigs(&self) -> std::io::Result<()> {
        for account in Account::ALL {
            let text = self.credentials.kubeconfig(account, &api_url()).to_string();
            self.state.write(&format!("kubeconfigs/{}", account.user()), text.as_bytes())?;
        }
        Ok(())
    }

    /// The kubeconfig of a program inside the cluster.
    pub(crate) fn kubeconfig(&self, account: Account) -> PathBuf {
        self.state.file(&format!("kubeconfigs/{}", account.user()))
    }

    /// The images that nodes have as programs.
    pub(crate) fn programs(&self) -> std::io::Result<Programs> {
        let by_image =
            Tool::ALL.into_iter().filter_map(|tool| Some((tool.image()?.to_owned(), self.tools.path(tool))));
        Ok(Programs {
            by_image: by_image.collect(),
            kubeconfig: self.kubeconfig(Account::StandIn),
            folder: self.state.path().to_owned(),
        })
    }
}

/// Addresses of the API server's host.
pub(crate) fn api_addresses() -> [IpNet; 2] {
    let v6 = Ipv6Addr::new(0xfd00, 0x50, 0, 0, 0, 0, 0, 5);
    // Both prefixes fit their families.
    [IpNet::new_assert(api_address(), 24), IpNet::new_assert(v6.into(), 64)]
}

/// The address by which programs inside the cluster call it.
pub(crate) fn api_address() -> IpAddr {
    Ipv4Addr::new(192, 168, 50, 5).into()
}

/// The API server's URL inside the cluster.
pub(crate) fn api_url() -> String {
    format!("https://{}:{API_PORT}", api_address())
}
