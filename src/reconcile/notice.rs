//! Lines for people beside an object: told when something has changed, never again.
//!
//! Whether it has is read off the object itself: a condition or an address that differs from what is wanted. So a
//! restart repeats nothing.

use super::allocated::allocated;
use super::{Notice, Severity, Subject};
use crate::addr::Family;
use crate::alloc::{Addresses, Decision, Refusal, most_per_family};
use crate::api::annotations::{DEPRECATED_PREFIX, Request};
use crate::config::Problem;
use crate::world::{Kind, Service};

/// Why an Event is written: MetalLB's words.
mod reason {
    pub(super) const ALLOCATED: &str = "IPAllocated";
    pub(super) const FAILED: &str = "AllocationFailed";
    pub(super) const CLEARED: &str = "ClearAssignment";
    pub(super) const BAD_REQUEST: &str = "LoadBalancerFailed";
    pub(super) const NOT_DUAL: &str = "not enough clusterips";
    pub(super) const TOO_MANY: &str = "nolbIPsIPFamily";
    pub(super) const NO_SECOND: &str = "AdditionalAssignFailed";
    pub(super) const DEPRECATED: &str = "deprecatedAnnotation";
    pub(super) const CONFIGURATION: &str = "ConfigurationError";
}

/// Notices about the change from what stands on the Service to what is decided.
pub(super) fn of_service(service: &Service, decision: &Decision) -> Vec<Notice> {
    let teller = Teller { subject: Subject::of(Kind::Service, &service.identity) };
    let shown: Addresses = service.ingress.iter().copied().collect();
    let now = decision.addresses();
    let gains = now.iter().any(|address| !shown.contains(address));
    let loses = shown.iter().any(|address| !now.contains(address));
    let wanted = allocated(service, decision);
    let told = service.condition(&wanted.kind).is_some_and(|standing| standing.says_the_same(&wanted));
    let lost = decision.lost.as_ref().filter(|_| loses).map(|lost| teller.cleared(lost, &shown));
    let gained = gains.then(|| teller.allocated(decision)).flatten();
    // An endpoint that has not answered yet is nothing to complain of.
    let refused = decision.refusal.as_ref().filter(|refusal| !told && !refusal.is_pending());
    let refused = refused.map(|refusal| teller.refused(refusal));
    let missing = decision.missing.as_ref().filter(|_| !told).map(|missing| teller.missing(missing));
    let deprecated =
        service.annotations.deprecated().filter(|_| gains || loses).map(|r| teller.deprecated(r));
    let most = most_per_family(service);
    let odd = Family::ALL.into_iter().any(|family| shown.count(family) > most);
    let odd = odd.then(|| teller.too_many(service, most));
    [odd, lost, gained, refused, missing].into_iter().flatten().chain(deprecated).collect()
}

/// A notice about something that the operator wrote.
pub(super) fn of_problem(problem: &Problem, kind: Kind) -> Notice {
    let teller = Teller { subject: Subject::of(kind, &problem.object) };
    teller.tell(Severity::Warning, reason::CONFIGURATION, problem.kind.word(), problem.to_string())
}

struct Teller {
    subject: Subject,
}

impl Teller {
    fn tell(&self, severity: Severity, reason: &'static str, action: &str, message: String) -> Notice {
        Notice { subject: self.subject.clone(), severity, reason, action: action.to_owned(), message }
    }

    fn allocated(&self, decision: &Decision) -> Option<Notice> {
        let allocation = decision.allocation.as_ref()?;
        let message = format!("Allocated: {allocation}");
        Some(self.tell(Severity::Normal, reason::ALLOCATED, "Allocated", message))
    }

    fn cleared(&self, lost: &Refusal, shown: &Addresses) -> Notice {
        let message = format!("{lost}: {}; {shown} cannot be kept", lost.sentence());
        self.tell(Severity::Normal, reason::CLEARED, lost.word(), message)
    }

    fn refused(&self, refusal: &Refusal) -> Notice {
        let reason = match refusal {
            Refusal::NotDualStack => reason::NOT_DUAL,
            Refusal::RequestedTwice | Refusal::BadRequest(_) | Refusal::BadCount(_) => reason::BAD_REQUEST,
            Refusal::NoClusterAddress
            | Refusal::WrongFamily
            | Refusal::OutsidePools(_)
            | Refusal::TwoPools(..)
            | Refusal::OtherPool { .. }
            | Refusal::PoolUnknown(_)
            | Refusal::PoolInvalid(_)
            | Refusal::PoolClosed(_)
            | Refusal::BuggyAddress(_)
            | Refusal::InUse { .. }
            | Refusal::Excluded(_)
            | Refusal::NodeAddress { .. }
            | Refusal::ForeignRange { .. }
            | Refusal::Reserved { .. }
            | Refusal::AllReserved(_)
            | Refusal::NoPools
            | Refusal::NotAutoAssignable
            | Refusal::NoSuchFamily(_)
            | Refusal::NotTogether
            | Refusal::Exhausted(_)
            | Refusal::Unlent(..)
            | Refusal::Disowned { .. }
            | Refusal::BadPools(_)
            | Refusal::SameFamily(..)
            | Refusal::TooFew(_) => reason::FAILED,
        };
        self.tell(Severity::Warning, reason, refusal.word(), refusal.line())
    }

    fn too_many(&self, service: &Service, most: usize) -> Notice {
        let shown = service.ingress.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let most = if most == 1 { "one".to_owned() } else { most.to_string() };
        let message =
            format!("TooManyAddresses: the status shows {shown}; {most} of each family at most can be kept");
        self.tell(Severity::Warning, reason::TOO_MANY, "TooManyAddresses", message)
    }

    fn missing(&self, missing: &Refusal) -> Notice {
        let message = format!("{}; the Service would rather have more addresses", missing.line());
        self.tell(Severity::Normal, reason::NO_SECOND, missing.word(), message)
    }

    fn deprecated(&self, request: Request) -> Notice {
        let message = format!(
            "DeprecatedAnnotation: {DEPRECATED_PREFIX}{} is honoured still; write {} instead",
            request.suffix(),
            request.key()
        );
        self.tell(Severity::Warning, reason::DEPRECATED, "DeprecatedAnnotation", message)
    }
}
