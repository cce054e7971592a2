//! The figures of `docs/simulation.md`: what the simulation says about questions that the design left open.
//!
//! `cargo run -p patina-simulation --bin figures [SEEDS [PART OF A ROW'S NAME]]` prints the tables.

#![expect(clippy::print_stdout, reason = "it talks to the person who typed it")]

use std::collections::BTreeSet;
use std::time::Duration;

use patina_simulation::fault::Step;
use patina_simulation::history::{History, Profiles};
use patina_simulation::node::address;
use patina_simulation::oracle::Violation;
use patina_simulation::sim::Simulation;

/// When every cluster has settled.
const SETTLED: Duration = Duration::from_secs(12);

/// Frames lost, in thousandths.
const LOSSES: [u16; 3] = [100, 200, 300];

/// What one telling of a history showed.
type Told = Result<(u32, bool), Violation>;

fn main() {
    let seeds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(50);
    let wanted = std::env::args().nth(2);
    if wanted.is_none() {
        crash_gaps(seeds);
    }
    println!("\n| history | told | promise broken | moves beyond the cause | the wrong side won |");
    println!("| --- | --- | --- | --- | --- |");
    let rows = open_questions().into_iter();
    for (name, tell) in rows.filter(|(name, _)| wanted.as_ref().is_none_or(|part| name.contains(part))) {
        row(&name, seeds, tell.as_ref());
    }
}

type Tell = Box<dyn Fn(u64) -> Told>;

fn open_questions() -> Vec<(String, Tell)> {
    let mut rows: Vec<(String, Tell)> = vec![
        ("owner of five isolated for 40 s, then heal".into(), Box::new(isolated)),
        ("one of five that owns nothing isolated for 40 s, then heal".into(), Box::new(isolated_bystander)),
        ("hand-over inside a minority of two of five, then heal".into(), Box::new(minority)),
        ("beats recorded in a partition, replayed after it".into(), Box::new(replayed)),
        ("the same, and their sender has died meanwhile".into(), Box::new(replayed_of_the_dead)),
        ("five nodes freeze together for 402 ms".into(), Box::new(frozen)),
        ("the owner stalls 240 ms twice a second for 20 s".into(), Box::new(starved)),
        ("the owner is deaf for 10 s".into(), Box::new(deaf)),
    ];
    for (nodes, loss) in [2, 3, 5, 8].into_iter().flat_map(|nodes| LOSSES.map(|loss| (nodes, loss))) {
        let name = format!("{} % loss for 60 s, {nodes} nodes", loss / 10);
        rows.push((name, Box::new(move |seed| lossy(nodes, loss, seed))));
    }
    for nodes in [40, 64, 200] {
        let name = format!("{nodes} nodes start in one millisecond");
        rows.push((name, Box::new(move |seed| crowd(nodes, seed))));
    }
    rows
}

fn row(name: &str, seeds: u64, tell: &dyn Fn(u64) -> Told) {
    let told: Vec<_> = (0..seeds).map(tell).collect();
    let broken = told.iter().filter(|told| told.is_err()).count();
    let whole: Vec<_> = told.into_iter().flatten().collect();
    let moves: u32 = whole.iter().map(|(moves, _)| moves).sum();
    let wrong = whole.iter().filter(|(_, wrong)| *wrong).count();
    println!("| {name} | {seeds} | {broken} | {moves} | {wrong} |");
}

/// From the loss of the owner, at any phase of its beat, until another answers.
fn crash_gaps(seeds: u64) {
    println!("| history | told | shortest | median | longest (ms, to the first gratuitous frame) |");
    println!("| --- | --- | --- | --- | --- |");
    let crash: fn(u16) -> Step = Step::Crash;
    for (name, history, loss) in [
        ("the owner of three dies, fast profile", History::of(3).profiles(Profiles::Fast), crash),
        ("the owner of three dies, default profile", History::of(3), crash),
        ("the owner of three dies, calm profile", History::of(3).profiles(Profiles::Calm), crash),
        ("the owner of two dies on a silent segment", History::of(2).quiet(), crash),
        ("the owner of two becomes deaf", History::of(2), Step::Deaf),
        ("the owner of five becomes deaf", History::of(5), Step::Deaf),
    ] {
        let mut gaps: Vec<_> = (0..seeds).filter_map(|seed| gap(history.clone().seed(seed), loss)).collect();
        gaps.sort();
        let at = |part: usize| gaps.get(part).map_or(0, Duration::as_millis);
        let (median, last) = (gaps.len() / 2, gaps.len().saturating_sub(1));
        println!("| {name} | {} | {} | {} | {} |", gaps.len(), at(0), at(median), at(last));
    }
}

fn gap(history: History, loss: fn(u16) -> Step) -> Option<Duration> {
    let since = SETTLED + Duration::from_millis(history.setup.seed * 37 % 1000);
    let mut simulation = Simulation::of(&history);
    simulation.run_until(since).ok()?;
    let owner = simulation.world.owner(0)?;
    simulation.apply(loss(owner));
    let end = since + Duration::from_secs(5);
    simulation.run_until(end).ok()?;
    let successor = simulation.world.sure_answerers(0, end).into_iter().find(|node| *node != owner)?;
    let answers = simulation.world.nodes[usize::from(successor)].owns(address(0))?;
    Some(answers.saturating_sub(since))
}

fn begin(nodes: u16, seed: u64) -> Result<(Simulation, u16), Violation> {
    let mut simulation = Simulation::of(&History::of(nodes).addresses(1).seed(seed));
    simulation.run_until(SETTLED)?;
    let owner = simulation.world.owner(0).unwrap_or(0);
    Ok((simulation, owner))
}

/// The moves since the first take, less those that had a cause.
fn end(mut simulation: Simulation, caused: u32, wrong: impl Fn(Option<u16>) -> bool) -> Told {
    let end = simulation.now() + Duration::from_secs(12);
    simulation.run_until(end)?;
    let moves = simulation.takes().saturating_sub(1 + caused);
    Ok((moves, wrong(simulation.world.owner(0))))
}

fn wait(simulation: &mut Simulation, millis: u64) -> Result<(), Violation> {
    simulation.run_until(simulation.now() + Duration::from_millis(millis))
}

fn isolated(seed: u64) -> Told {
    let (mut simulation, owner) = begin(5, seed)?;
    simulation.apply(Step::Partition(BTreeSet::from([owner])));
    wait(&mut simulation, 40_000)?;
    simulation.apply(Step::Heal);
    end(simulation, 1, |winner| winner == Some(owner))
}

/// One of the other four.
fn another(owner: u16, seed: u64) -> u16 {
    (owner + 1 + (seed % 4) as u16) % 5
}

/// It takes for its own side what the others own.
fn isolated_bystander(seed: u64) -> Told {
    let (mut simulation, owner) = begin(5, seed)?;
    simulation.apply(Step::Partition(BTreeSet::from([another(owner, seed)])));
    wait(&mut simulation, 40_000)?;
    simulation.apply(Step::Heal);
    end(simulation, 1, |winner| winner != Some(owner))
}

fn minority(seed: u64) -> Told {
    let (mut simulation, owner) = begin(5, seed)?;
    let friend = another(owner, seed);
    simulation.apply(Step::Partition(BTreeSet::from([owner, friend])));
    wait(&mut simulation, 5_000)?;
    simulation.apply(Step::Leave(owner));
    wait(&mut simulation, 5_000)?;
    simulation.apply(Step::Heal);
    end(simulation, 2, |winner| winner == Some(friend))
}

fn replayed(seed: u64) -> Told {
    let (mut simulation, owner) = begin(4, seed)?;
    simulation.apply(Step::Partition(BTreeSet::from([owner])));
    simulation.apply(Step::Record);
    wait(&mut simulation, 4_000)?;
    simulation.apply(Step::Heal);
    wait(&mut simulation, 2_000)?;
    let healed = simulation.world.owner(0);
    simulation.apply(Step::Replay);
    end(simulation, 1, |winner| winner != healed)
}

fn replayed_of_the_dead(seed: u64) -> Told {
    let (mut simulation, owner) = begin(4, seed)?;
    simulation.apply(Step::Partition(BTreeSet::from([owner])));
    simulation.apply(Step::Record);
    wait(&mut simulation, 4_000)?;
    simulation.apply(Step::Crash(owner));
    simulation.apply(Step::Heal);
    wait(&mut simulation, 2_000)?;
    let healed = simulation.world.owner(0);
    simulation.apply(Step::Replay);
    end(simulation, 1, |winner| winner != healed)
}

fn frozen(seed: u64) -> Told {
    let (mut simulation, owner) = begin(5, seed)?;
    simulation.apply(Step::FreezeAll(Duration::from_millis(402)));
    end(simulation, 0, |winner| winner != Some(owner))
}

fn starved(seed: u64) -> Told {
    let (mut simulation, owner) = begin(3, seed)?;
    for _ in 0..40 {
        simulation.apply(Step::Freeze(owner, Duration::from_millis(240)));
        wait(&mut simulation, 500)?;
    }
    end(simulation, 0, |winner| winner.is_none())
}

fn deaf(seed: u64) -> Told {
    let (mut simulation, owner) = begin(3, seed)?;
    simulation.apply(Step::Deaf(owner));
    wait(&mut simulation, 10_000)?;
    simulation.apply(Step::Heal);
    end(simulation, 1, |winner| winner.is_none())
}

fn lossy(nodes: u16, loss: u16, seed: u64) -> Told {
    let (mut simulation, _) = begin(nodes, seed)?;
    simulation.apply(Step::Loss(loss));
    wait(&mut simulation, 60_000)?;
    simulation.apply(Step::Loss(0));
    end(simulation, 0, |winner| winner.is_none())
}

fn crowd(nodes: u16, seed: u64) -> Told {
    let mut simulation = Simulation::of(&History::of(nodes).addresses(1).seed(seed));
    simulation.run_until(Duration::from_secs(3))?;
    let moves = simulation.takes().saturating_sub(1);
    Ok((moves, simulation.world.owner(0).is_none()))
}
