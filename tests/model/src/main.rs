//! Tells a drawn or a written history, and shows what it broke.
//!
//! `model --seed N [--count K]` · `model --history FILE` · `--trace` shows the last lines of a sound run too.

#![expect(clippy::print_stdout, reason = "it talks to the person who typed it")]

use std::process::ExitCode;

use patina_model::generate;
use patina_model::history::History;
use patina_model::model::Model;
use patina_model::plant::Plant;
use patina_model::shrink::explain;
use patina_simulation::trace::Keep;

const USAGE: &str = "model --seed N [--count K] [--trace] | model --history FILE [--trace]";

/// What to tell.
struct Order {
    histories: Vec<(String, History)>,
    trace: bool,
}

fn main() -> ExitCode {
    let order = match read(std::env::args().skip(1)) {
        Ok(order) => order,
        Err(problem) => {
            println!("{problem}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let broken = order.histories.iter().filter(|(name, history)| !holds(name, history, order.trace)).count();
    println!("{broken} of {} histories broke a law", order.histories.len());
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn read(mut arguments: impl Iterator<Item = String>) -> Result<Order, String> {
    let (mut seed, mut count, mut file, mut trace) = (None, 1, None, false);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        let number = |text: String| text.parse::<u64>().map_err(|_| format!("{text:?} is not a number"));
        match argument.as_str() {
            "--seed" => seed = Some(number(value()?)?),
            "--count" => count = number(value()?)?,
            "--history" => file = Some(value()?),
            "--trace" => trace = true,
            _ => return Err(format!("{argument:?} is not known")),
        }
    }
    let histories = match (seed, file) {
        (Some(seed), None) => {
            (seed..seed + count).map(|seed| (format!("seed {seed}"), generate::history(seed))).collect()
        }
        (None, Some(file)) => {
            let text = std::fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
            vec![(file, text.parse()?)]
        }
        (None, None) | (Some(_), Some(_)) => return Err("a seed or a file".to_owned()),
    };
    Ok(Order { histories, trace })
}

fn holds(name: &str, history: &History, trace: bool) -> bool {
    let keep = if trace { Keep::Lines } else { Keep::Digest };
    let mut model = Model::planted(history, Plant::SOUND, keep);
    let verdict = model.run();
    model.trace().lines().for_each(|line| println!("{line}"));
    let Err(violation) = verdict else { return true };
    println!("{name}: {violation}\n{}", explain(history, &violation, Plant::SOUND));
    false
}
