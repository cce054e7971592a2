//! Real kernel, real frames, real neighbour caches.
//!
//! Every test runs in a box of its own (`patina_lab::sandbox`): it starts this program again inside, with
//! only itself selected. Where the kernel allows no box the test fails and says what is missing.

mod bad_objects;
mod boxed;
mod by_hand;
mod caches;
mod command;
mod configuration;
mod confined;
mod data_path;
mod failover;
mod hostile_beats;
mod injector;
mod lab;
mod packet;
mod parts;
mod segment;
mod served;
mod snooping;
mod speaker;
mod virtual_address;
