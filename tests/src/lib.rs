//! The behaviours the product promises.
