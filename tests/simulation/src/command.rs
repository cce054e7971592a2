//! A command that tells drawn or written histories, and shows what they broke: `--seed N [--count K]` or
//! `--history FILE`; `--trace` shows the last lines of a sound one too.

#![expect(clippy::print_stdout, reason = "it talks to the person who typed it")]

use std::process::ExitCode;

use crate::judge::Told;
use crate::trace::Keep;

/// What to tell.
struct Order<T> {
    histories: Vec<(String, T)>,
    trace: bool,
}

/// Does what the arguments of the process say; `name` is how it is called.
pub fn main<T: Told>(name: &str) -> ExitCode {
    let order = match read::<T>(std::env::args().skip(1)) {
        Ok(order) => order,
        Err(problem) => {
            println!("{problem}\n{name} --seed N [--count K] [--trace] | {name} --history FILE [--trace]");
            return ExitCode::from(2);
        }
    };
    let broken = order.histories.iter().filter(|(name, history)| !holds(name, history, order.trace)).count();
    println!("{broken} of {} histories broke a {}", order.histories.len(), T::KEPT);
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn read<T: Told>(mut arguments: impl Iterator<Item = String>) -> Result<Order<T>, String> {
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
            (seed..seed + count).map(|seed| (format!("seed {seed}"), T::drawn(seed))).collect()
        }
        (None, Some(file)) => {
            let text = std::fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
            vec![(file, text.parse().map_err(|error| format!("{error}"))?)]
        }
        (None, None) | (Some(_), Some(_)) => return Err("a seed or a file".to_owned()),
    };
    Ok(Order { histories, trace })
}

fn holds<T: Told>(name: &str, history: &T, trace: bool) -> bool {
    let keep = if trace { Keep::Lines } else { Keep::Digest };
    let (told, violation) = history.tell(keep);
    told.lines().for_each(|line| println!("{line}"));
    let Some(violation) = violation else { return true };
    println!("{name}: {violation}\n{}", history.explain(&violation));
    false
}
