//! Sees what has become of Services, as cheaply as a watch can: lines are looked through, not parsed.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use futures::{AsyncBufReadExt, StreamExt};
use kube::api::{ListParams, WatchParams};
use kube::core::Request;

use crate::server::Server;

type Lines = futures::stream::BoxStream<'static, std::io::Result<String>>;

/// A watch on the Services of a namespace.
pub(super) struct Observer {
    server: Server,
    request: Request,
    version: String,
    lines: Lines,
    addressed: BTreeSet<String>,
    annotated: BTreeSet<String>,
}

/// Which Services are counted.
pub(super) type Count = fn(&Observer) -> usize;

/// Those that have an address.
pub(super) fn addressed(observer: &Observer) -> usize {
    observer.addressed.len()
}

/// Those that say from which pool.
pub(super) fn annotated(observer: &Observer) -> usize {
    observer.annotated.len()
}

impl Observer {
    /// Begins with what changes from now on.
    pub(super) async fn start(server: &Server, namespace: &str) -> Result<Self> {
        let list = server.services(namespace).list_metadata(&ListParams::default().limit(1)).await?;
        let version = list.metadata.resource_version.context("a list without a version")?;
        let request = Request::new(format!("/api/v1/namespaces/{namespace}/services"));
        let lines = watch(server, &request, &version).await?;
        let (addressed, annotated) = (BTreeSet::new(), BTreeSet::new());
        Ok(Self { server: server.clone(), request, version, lines, addressed, annotated })
    }

    /// Waits until so many Services are counted.
    pub(super) async fn until(&mut self, wanted: usize, count: Count) -> Result<()> {
        while count(self) < wanted {
            match self.lines.next().await {
                Some(line) => self.read(&line?)?,
                None => self.lines = watch(&self.server, &self.request, &self.version).await?,
            }
        }
        Ok(())
    }

    /// Waits until the Service of this name is as told.
    pub(super) async fn until_named(&mut self, name: &str, told: fn(&str) -> bool) -> Result<()> {
        let wanted = format!("\"name\":\"{name}\"");
        loop {
            let line = self.lines.next().await.context("the watch has ended")??;
            if line.contains(&wanted) && told(&line) {
                return Ok(());
            }
        }
    }

    fn read(&mut self, line: &str) -> Result<()> {
        if line.starts_with("{\"type\":\"ERROR\"") {
            bail!("the watch has failed: {line}");
        }
        let Some(name) = after(line, "\"name\":\"") else { return Ok(()) };
        if let Some(version) = after(line, "\"resourceVersion\":\"") {
            version.clone_into(&mut self.version);
        }
        if has_address(line) {
            self.addressed.insert(name.to_owned());
        }
        if line.contains("\"metallb.io/ip-allocated-from-pool\":") {
            self.annotated.insert(name.to_owned());
        }
        Ok(())
    }
}

/// Whether an event shows a Service with an address.
pub(super) fn has_address(line: &str) -> bool {
    line.contains("\"ingress\":[{\"ip\":")
}

async fn watch(server: &Server, request: &Request, version: &str) -> Result<Lines> {
    let parameters = WatchParams::default().timeout(290);
    let request = request.watch(&parameters, version)?;
    let stream = server.client().request_stream(request).await?;
    Ok(stream.lines().boxed())
}

/// The text between this and the next quotation mark.
fn after<'l>(line: &'l str, prefix: &str) -> Option<&'l str> {
    let rest = &line[line.find(prefix)? + prefix.len()..];
    rest.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read_without_parsing_it() {
        let line = r#"{"type":"MODIFIED","object":{"metadata":{"name":"a","resourceVersion":"7"},"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1","ipMode":"VIP"}]}}}}"#;
        assert_eq!(after(line, "\"name\":\""), Some("a"));
        assert_eq!(after(line, "\"resourceVersion\":\""), Some("7"));
        assert!(has_address(line));
        assert!(!has_address(r#"{"status":{"loadBalancer":{}}}"#));
    }
}
