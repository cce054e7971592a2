//! Single Services, one after another: how long until each has its address, and how long the same round trips take alone.

use std::time::Duration;

use anyhow::Result;

use super::bare;
use super::observer::{Observer, has_address};
use super::server::Server;
use super::services::{Class, create};
use crate::clock::Stopwatch;

const NAMESPACE: &str = "single";

/// Times of the controller, and of this process in its place, by turns.
pub(super) async fn run(server: &Server, count: usize) -> Result<(Vec<Duration>, Vec<Duration>)> {
    server.namespace(NAMESPACE).await?;
    let mut observer = Observer::start(server, NAMESPACE).await?;
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for i in 0..count {
        ours.push(by_the_controller(server, &mut observer, &format!("ours-{i:04}")).await?);
        bare.push(by_hand(server, &mut observer, &format!("bare-{i:04}"), i).await?);
    }
    Ok((ours, bare))
}

async fn by_the_controller(server: &Server, observer: &mut Observer, name: &str) -> Result<Duration> {
    let watch = Stopwatch::start();
    create(&server.services(NAMESPACE), name.to_owned(), Class::Ours).await?;
    observer.until_named(name, has_address).await?;
    Ok(watch.elapsed())
}

async fn by_hand(server: &Server, observer: &mut Observer, name: &str, i: usize) -> Result<Duration> {
    let api = server.services(NAMESPACE);
    let watch = Stopwatch::start();
    create(&api, name.to_owned(), Class::Nobodys).await?;
    observer.until_named(name, |_| true).await?;
    bare::patch(&api, name.to_owned(), i).await?;
    observer.until_named(name, has_address).await?;
    Ok(watch.elapsed())
}
