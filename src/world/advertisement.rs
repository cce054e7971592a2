//! L2Advertisements: what the operator wrote, and what we last wrote below it.

use serde::{Deserialize, Serialize};

use super::Condition;
use crate::api::L2Advertisement;
use crate::config::AdvertisementSource;

/// An L2Advertisement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Advertisement {
    /// What the operator wrote.
    pub source: AdvertisementSource,
    /// Our conditions in its status.
    pub conditions: Box<[Condition]>,
}

impl From<&L2Advertisement> for Advertisement {
    fn from(advertisement: &L2Advertisement) -> Self {
        let status = advertisement.status.as_ref();
        Self {
            source: AdvertisementSource::from(advertisement),
            conditions: Condition::ours(status.map(|s| &s.conditions)),
        }
    }
}
