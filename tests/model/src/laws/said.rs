//! What must hold at quiet points, of what is said about addresses.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use patina::api::conditions::{ConditionStatus, ConditionType};
use patina::world::{Kind, Object, Pool, Service};

use super::{Law, Laws, Violation, hold};
use crate::object;
use crate::reference::{Book, Holdings};
use crate::server::Server;
use crate::step::Type;
use crate::truth::Truth;

impl Laws {
    /// Annotation, condition and counters say what is; what is not ours carries no marks.
    pub(super) fn told(
        &self,
        truth: &Truth,
        server: &Server,
        holdings: &Holdings,
        at: Duration,
    ) -> Result<(), Violation> {
        for (number, asked) in &truth.services {
            let Some(service) = server.service(&object::service_key(*number)) else { continue };
            if asked.wish.kind == Type::Balancer {
                says_what_is(*number, service, holdings, at)?;
            } else {
                self.is_cleared(*number, service, at)?;
            }
        }
        counts(truth, server, holdings, at)
    }

    fn is_cleared(&self, number: u8, service: &Service, at: Duration) -> Result<(), Violation> {
        let by_hand = self.by_hand.get(&number).is_some_and(|shown| **shown == *service.ingress);
        let cleared = !service.marked() && (service.ingress.is_empty() || by_hand);
        hold(cleared, Law::Cleared, at, || format!("s{number} is not ours: {service:?}"))
    }
}

fn says_what_is(number: u8, service: &Service, holdings: &Holdings, at: Duration) -> Result<(), Violation> {
    let has = holdings.get(&number);
    let pool = has.map(|has| has.homes.names().map(object::pool_name).collect::<Vec<_>>().join(","));
    let said = service.annotations.allocated_from.as_deref();
    hold(said == pool.as_deref(), Law::Told, at, || {
        format!("s{number} is said to be from {said:?}: {pool:?}")
    })?;
    let condition = service.condition(ConditionType::Allocated.as_str()).map(|condition| condition.status);
    let content = has.is_some_and(|has| has.content);
    let fits = if content { ConditionStatus::True } else { ConditionStatus::False };
    hold(condition == Some(fits), Law::Told, at, || {
        format!("Allocated of s{number} is {condition:?}: {has:?}")
    })
}

/// A shared address counts once, for one of the pools that those who share it are said to have it from: a hand that edits that
/// of one of them while no pool is right makes them two. What a rejected pool has left says nothing.
fn counts(truth: &Truth, server: &Server, holdings: &Holdings, at: Duration) -> Result<(), Violation> {
    let book = Book::read(truth);
    for number in truth.pools.keys() {
        let Some(Object::Pool(pool)) = server.object(Kind::Pool, &object::pool_key(*number)) else {
            continue;
        };
        let of = |its: bool| {
            let all =
                holdings.values().flat_map(|has| has.addresses.iter().map(move |address| (has, *address)));
            let counted =
                all.filter(|(has, address)| (has.homes.of(address.is_ipv6()) == Some(*number)) == its);
            counted.map(|(_, address)| address).collect::<BTreeSet<IpAddr>>()
        };
        let (held, of_others) = (of(true), of(false));
        let usable = book.sound(*number).map(|sound| &sound.usable);
        for v6 in [false, true] {
            let (assigned, available) = counted(pool, v6);
            let count = held.iter().filter(|address| address.is_ipv6() == v6).count();
            let twofold = held.intersection(&of_others).filter(|address| address.is_ipv6() == v6).count();
            let left =
                usable.map(|all| all.iter().filter(|a| a.is_ipv6() == v6 && !held.contains(a)).count());
            let counts =
                usize::try_from(assigned).is_ok_and(|said| (count - twofold..=count).contains(&said));
            let fits = counts && left.is_none_or(|left| usize::try_from(available) == Ok(left));
            hold(fits, Law::Told, at, || format!("p{number} counts {:?}: {held:?}", pool.counters))?;
        }
    }
    Ok(())
}

fn counted(pool: &Pool, v6: bool) -> (i64, i64) {
    let counters = pool.counters.unwrap_or_default();
    if v6 {
        (counters.assigned_v6, counters.available_v6)
    } else {
        (counters.assigned_v4, counters.available_v4)
    }
}
