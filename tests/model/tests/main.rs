//! Histories and the laws that must hold in them: fresh ones, those that failed once, and planted faults.

mod fresh;
mod planted;
