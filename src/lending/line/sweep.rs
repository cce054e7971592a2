//! What a line gives back after a decision.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::Line;
use crate::alloc::{Plan, Refusal, Verdict};
use crate::lending::entry::Entry;
use crate::world::{Lie, Loan, LoanFact, LoanKey};

/// What a sweep changes of one loan.
enum Swept {
    /// It is to go, and this is its standing from now on.
    Goes(Option<Loan>),
    /// It was to go before, and is not held back any longer.
    MayGo,
}

impl Line {
    /// Gives back what nobody wishes for and nobody uses, and what cannot be used; forgets what is over. The answer is what is
    /// known from now on.
    pub(in crate::lending) fn sweep(&mut self, plan: &Plan) -> Vec<LoanFact> {
        let swept = |(key, entry): (&LoanKey, &mut Entry)| Some((key.clone(), sweep(key, entry, plan)?));
        let swept: Vec<_> = self.loans.iter_mut().filter_map(swept).collect();
        let mut facts = Vec::new();
        for (key, swept) in swept {
            match swept {
                Swept::Goes(loan) => {
                    self.line_up(&key);
                    if let Some(Loan::Spurned(address, _)) = &loan {
                        self.moved.insert(*address);
                    }
                    facts.push(self.fact(key, loan));
                }
                Swept::MayGo => self.line_up(&key),
            }
        }
        let over: Vec<_> = self.loans.extract_if(.., |_, entry| entry.is_over()).collect();
        facts.extend(over.into_iter().map(|(key, _)| self.fact(key, None)));
        facts.extend(self.told_to_holders(plan));
        facts
    }

    /// Who holds an address of which a loan has come or gone looks again.
    fn told_to_holders(&mut self, plan: &Plan) -> Option<LoanFact> {
        let holders = |address: IpAddr| plan.ledger().holders(address).iter().cloned();
        let holders: BTreeSet<_> = std::mem::take(&mut self.moved).into_iter().flat_map(holders).collect();
        (!holders.is_empty()).then_some(LoanFact::Moved(holders))
    }
}

fn sweep(key: &LoanKey, entry: &mut Entry, plan: &Plan) -> Option<Swept> {
    let uses = |address| plan.uses(address) || is_undecided(plan, key);
    let shows = |address, lie| shows(plan, key, address, lie);
    if let Some((address, lie)) = entry.spurn(shows) {
        return Some(Swept::Goes(Some(Loan::Spurned(address, lie))));
    }
    if entry.let_go(uses) {
        return Some(Swept::Goes(None));
    }
    let in_use = |address, lie: Option<Lie>| lie.map_or_else(|| uses(address), |lie| shows(address, lie));
    entry.withhold(in_use).then_some(Swept::MayGo)
}

/// Whether the Service waits for an answer that may yet make it come back to the loan.
fn is_undecided(plan: &Plan, loan: &LoanKey) -> bool {
    match plan.verdict(&loan.service) {
        Some(Verdict::Decided(decision)) => decision.refusal.as_ref().is_some_and(Refusal::is_pending),
        Some(Verdict::Clear) | None => false,
    }
}

/// Whether a status shows what cannot be used and is to lose it, or the Service keeps it although the pool would not lend it today.
fn shows(plan: &Plan, loan: &LoanKey, address: IpAddr, lie: Lie) -> bool {
    let keeps = match lie {
        Lie::Outside | Lie::Taken => plan.ledger().holders(address).contains(&loan.service),
        // Held by another loan than this one.
        Lie::WrongFamily | Lie::NotNamed => false,
    };
    keeps || plan.is_leaving(address)
}
