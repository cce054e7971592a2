//! What must hold at each write.

use std::net::IpAddr;
use std::time::Duration;

use patina::reconcile::{Effect, ServiceWrite};
use patina::world::Service;

use super::{Law, Laws, Violation, hold};
use crate::object;
use crate::reference::compatible;
use crate::request::Write;
use crate::server::Server;
use crate::step::Type;
use crate::truth::Truth;

impl Laws {
    /// A write has changed something: `before` is the Service that it changed, as it was.
    ///
    /// # Errors
    /// [`Law::LastWord`], [`Law::Knowing`].
    pub fn written(
        &mut self,
        write: &Write,
        before: Option<&Service>,
        (truth, server): (&Truth, &Server),
        at: Duration,
    ) -> Result<(), Violation> {
        let (Effect::ServiceStatus(status), Some(before)) = (&write.effect, before) else { return Ok(()) };
        let last = self.writers.insert(status.subject.uid.clone(), write.term).unwrap_or_default();
        hold(last <= write.term, Law::LastWord, at, || {
            format!("{}: term {} writes over what term {last} wrote", status.subject.key, write.term)
        })?;
        let by_hand = |address: &IpAddr| self.phase.addresses.contains(address);
        let given = |address: &&IpAddr| !before.ingress.contains(address) && !by_hand(address);
        for address in status.ingress.iter().filter(given) {
            let doubled = doubled(truth, server, write, status, *address);
            hold(doubled.is_none(), Law::Knowing, at, || {
                format!(
                    "{} gets {address}, which {} is known to have",
                    status.subject.key,
                    doubled.unwrap_or_default()
                )
            })?;
        }
        Ok(())
    }
}

/// Another Service of ours that shows the address, cannot share it, and has not changed since the writer heard of it.
fn doubled(
    truth: &Truth,
    server: &Server,
    write: &Write,
    status: &ServiceWrite,
    address: IpAddr,
) -> Option<String> {
    let ours = || truth.services.iter().filter(|(_, asked)| asked.wish.kind == Type::Balancer);
    let (_, wish) = ours().find(|(number, _)| object::service_key(**number) == status.subject.key)?;
    let clashes = ours().filter(|(_, other)| other.uid != wish.uid && !compatible(&wish.wish, &other.wish));
    let known = |service: &&Service| {
        service.identity.version.parse().is_ok_and(|version: u64| version <= write.heard)
    };
    let mut shown =
        clashes.filter_map(|(number, _)| server.service(&object::service_key(*number))).filter(known);
    shown.find(|service| service.ingress.contains(&address)).map(|service| service.key().to_string())
}
