//! An owner goes; another answers.

use patina_simulation::history::History;
use patina_simulation::sim::Simulation;

#[test]
fn the_same_history_gives_the_same_trace() {
    let trace = || {
        let mut simulation = Simulation::of(&History::of(3));
        simulation.run().ok();
        simulation.trace().digest()
    };
    assert_eq!(trace(), trace());
}
