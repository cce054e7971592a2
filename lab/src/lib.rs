//! A cluster on one machine, for hands and for tests.
