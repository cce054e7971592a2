//! A certificate that somebody else makes, in a folder: read again and again, so that a new one needs no restart.

use std::path::{Path, PathBuf};
use std::time::Duration;

use patina_daemon::admin::Readiness;
use patina_daemon::fatal::line_of;
use patina_daemon::https::{IdentityError, Offer, configure, read};

use super::life::Outlets;

/// Between two looks into the folder.
const LOOK: Duration = Duration::from_secs(30);

/// Runs until it is dropped. What cannot be used is told once, and leaves the last one in force.
pub(super) async fn run(folder: PathBuf, offer: Offer, outlets: Outlets) {
    let mut told = None;
    loop {
        match show(&folder, &offer, &outlets) {
            Ok(()) => told = None,
            Err(error) => {
                let reason = line_of(&error);
                if told.as_ref() != Some(&reason) {
                    tracing::warn!(reason, "the webhook has no new certificate");
                    told = Some(reason);
                }
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn show(folder: &Path, offer: &Offer, outlets: &Outlets) -> Result<(), IdentityError> {
    outlets.show.send_replace(Some(configure(offer, read("--cert-dir", folder)?)?));
    outlets.ready.send_replace(Readiness::Ready);
    Ok(())
}
