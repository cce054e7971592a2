//! Planning, by the rows of MetalLB's behaviour and by the laws it must keep.

mod apart;
pub(crate) mod cluster;
mod dual_stack;
mod families;
mod kept_for;
mod law;
mod left_out;
mod pools;
mod requests;
mod several;
mod sharing;
mod short_way;
mod single;
mod stability;
mod trace;
