//! Delta debugging (Zeller and Hildebrandt, *Simplifying and Isolating Failure-Inducing Input*, 2002): first halves are
//! left out, then quarters, then ever smaller parts.

/// In which order parts are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The first part first.
    Front,
    /// The last part first.
    Back,
}

/// The fewest steps found that still fail; `steps` do.
pub fn fewest<T: Clone>(steps: &[T], from: End, fails: impl Fn(&[T]) -> bool) -> Vec<T> {
    let mut fewest = steps.to_vec();
    let mut parts = 2;
    while fewest.len() > 1 {
        let size = fewest.len().div_ceil(parts);
        let shorter = |number: usize| {
            let part = match from {
                End::Front => number,
                End::Back => parts - 1 - number,
            };
            let shorter = without(&fewest, part * size, size);
            (shorter.len() < fewest.len() && fails(&shorter)).then_some(shorter)
        };
        match (0..parts).find_map(shorter) {
            Some(shorter) => (fewest, parts) = (shorter, parts.saturating_sub(1).max(2)),
            None if size == 1 => break,
            None => parts = (parts * 2).min(fewest.len()),
        }
    }
    fewest
}

fn without<T: Clone>(steps: &[T], from: usize, count: usize) -> Vec<T> {
    let left_out = from..from + count;
    steps.iter().enumerate().filter(|(i, _)| !left_out.contains(i)).map(|(_, step)| step.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_failure_needs_is_left_whichever_end_is_tried_first() {
        let steps: Vec<u32> = (0..40).collect();
        let fails = |steps: &[u32]| [3, 17, 38].iter().all(|needed| steps.contains(needed));
        for from in [End::Front, End::Back] {
            assert_eq!(fewest(&steps, from, fails), [3, 17, 38], "{from:?}");
        }
    }
}
