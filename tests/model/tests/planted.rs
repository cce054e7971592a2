//! The model can fail: each planted fault breaks a law.

use std::collections::BTreeSet;

use patina_model::generate;
use patina_model::laws::Law;
use patina_model::model::Model;
use patina_model::plant::{Fault, Plant};
use patina_model::shrink::shrink;
use patina_simulation::trace::Keep;

/// Seeds whose histories are told with each fault.
const SEEDS: u64 = 150;

/// The laws that the fault breaks, in the order of the seeds.
fn broken(fault: Fault) -> impl Iterator<Item = Law> {
    let verdict =
        move |seed| Model::planted(&generate::history(seed), Plant::with(fault), Keep::Digest).run().err();
    (0..SEEDS).filter_map(verdict).map(|violation| violation.law)
}

/// The laws that may be the ones that see the fault.
fn expected(fault: Fault) -> &'static [Law] {
    match fault {
        Fault::IgnoresConflicts => &[Law::LastWord],
        Fault::KeepsWhatIsCleared => &[Law::Settled, Law::Converges, Law::Cleared],
        Fault::ForgetsAHolder => &[Law::Apart, Law::Told, Law::Settled],
        Fault::HidesDeletions => &[Law::Settled],
        Fault::LosesChanges => &[Law::Settled, Law::Told, Law::Converges],
        Fault::HidesPools => &[Law::Settled],
        Fault::KeepsItsOutbox => &[Law::LastWord, Law::Settled, Law::Apart, Law::Converges],
        Fault::LeadsForEver => &[Law::OneLeads, Law::LastWord],
        Fault::LosesEnds => &[Law::Converges],
        Fault::ServesALeaseTwice => &[Law::OneLeads],
        Fault::ForgetsReleased => &[Law::Returns, Law::Converges],
        Fault::AgesReleased => &[Law::Returns],
        Fault::LosesReleases => &[Law::Lent],
        Fault::InventsDeletions => &[Law::InUse],
        Fault::HidesReservations => &[Law::Returns, Law::Settled],
    }
}

#[test]
fn every_planted_fault_is_seen_by_a_law() {
    for fault in Fault::ALL {
        let expected = expected(fault);
        // One history that shows it is enough; only a failure needs all that the others show.
        let seen = broken(fault).any(|law| expected.contains(&law));
        let all = || broken(fault).collect::<BTreeSet<_>>();
        assert!(seen, "{fault:?} breaks {:?}, expected one of {expected:?}", all());
    }
}

#[test]
fn a_failing_history_is_shrunk_to_the_steps_that_matter() {
    let plant = Plant::with(Fault::HidesDeletions);
    let fails = |seed: &u64| {
        let history = generate::history(*seed);
        Model::planted(&history, plant, Keep::Digest).run().err().map(|found| (history, found.law))
    };
    let (history, law) = (0..SEEDS).find_map(|seed| fails(&seed)).expect("a history that fails");
    let smallest = shrink(&history, law, plant);
    assert!(smallest.steps.len() <= 7, "{smallest}");
    let again = Model::planted(&smallest, plant, Keep::Digest).run().expect_err("it fails still");
    assert_eq!(again.law, law);
}
