//! Telling one fact, and what becomes of it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, resume_unwind};

use futures::FutureExt;

use crate::difference::Difference;
use crate::fixture::{Fixture, Target};

/// What a case that does not hold leaves behind.
type Panic = Box<dyn Any + Send>;

/// A fact that holds on every server.
pub(crate) async fn conforms(case: impl AsyncFnOnce(&Fixture)) {
    let (_, outcome) = told(case).await;
    outcome.unwrap_or_else(|panic| resume_unwind(panic));
}

/// A fact that holds on a real server, and which the lab's does not imitate.
pub(crate) async fn differs(difference: Difference, case: impl AsyncFnOnce(&Fixture)) {
    let (target, outcome) = told(case).await;
    match (target, outcome) {
        (Target::Real, Ok(())) | (Target::Lab, Err(_)) => {}
        (Target::Real, Err(panic)) => resume_unwind(panic),
        (Target::Lab, Ok(())) => panic!(
            "{difference:?} no longer differs: take it out of tests/conformance/difference.rs and of {}",
            difference.place()
        ),
    }
}

/// Tells the case, and cleans up after it whatever came of it.
async fn told(case: impl AsyncFnOnce(&Fixture)) -> (Target, Result<(), Panic>) {
    let fixture = Fixture::new().await;
    let outcome = AssertUnwindSafe(case(&fixture)).catch_unwind().await;
    fixture.clean_up().await;
    (fixture.target(), outcome)
}
