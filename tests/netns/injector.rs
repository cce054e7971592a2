//! Puts any bytes on the wire as a frame.

use anyhow::{Context, bail};
use patina_lab::host::Host;
use pnet::datalink::{Channel, Config, DataLinkSender, channel, interfaces};

/// A packet socket on a host's link.
pub(crate) struct Injector(Box<dyn DataLinkSender>);

impl Injector {
    pub(crate) fn new(host: &Host) -> anyhow::Result<Self> {
        host.namespace().enter(|| {
            let mut links = interfaces().into_iter();
            let link = links.find(|link| link.index == host.link().0).context("no such link")?;
            let Channel::Ethernet(sender, _) = channel(&link, Config::default())? else {
                bail!("no Ethernet on {link}")
            };
            Ok(Self(sender))
        })?
    }

    pub(crate) fn send(&mut self, frame: &[u8]) -> anyhow::Result<()> {
        self.0.send_to(frame, None).context("the frame does not fit")??;
        Ok(())
    }
}
