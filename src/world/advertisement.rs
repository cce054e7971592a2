//! L2Advertisements: what the operator wrote, and what we last wrote below it.

use serde::{Deserialize, Serialize};

use super::Condition;
use crate::config::AdvertisementSource;

/// An L2Advertisement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Advertisement {
    /// What the operator wrote.
    pub source: AdvertisementSource,
    /// Our conditions in its status.
    pub conditions: Box<[Condition]>,
}
