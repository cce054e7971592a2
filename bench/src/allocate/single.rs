//! Single Services, one after another: how long until each has its address, and how long the same round trips take alone.

use std::time::Duration;

use anyhow::Result;

use super::bare;
use super::observer::{Observer, has_address};
use crate::clock::Stopwatch;
use crate::server::{SINGLE, Server};
use crate::services::{Class, create};

/// Times of the controller, and of this process in its place, by turns.
pub(super) async fn run(server: &Server, count: usize) -> Result<(Vec<Duration>, Vec<Duration>)> {
    server.namespace(SINGLE).await?;
    let mut observer = Observer::start(server, SINGLE).await?;
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for i in 0..count {
        ours.push(by_the_controller(server, &mut observer, &format!("ours-{i:04}")).await?);
        bare.push(by_hand(server, &mut observer, &format!("bare-{i:04}"), i).await?);
    }
    Ok((ours, bare))
}

async fn by_the_controller(server: &Server, observer: &mut Observer, name: &str) -> Result<Duration> {
    let watch = Stopwatch::start();
    create(&server.services(SINGLE), name.to_owned(), Class::Ours).await?;
    observer.until_named(name, has_address).await?;
    Ok(watch.elapsed())
}

async fn by_hand(server: &Server, observer: &mut Observer, name: &str, i: usize) -> Result<Duration> {
    let api = server.services(SINGLE);
    let watch = Stopwatch::start();
    create(&api, name.to_owned(), Class::Nobodys).await?;
    observer.until_named(name, |_| true).await?;
    bare::patch(&api, name.to_owned(), i).await?;
    observer.until_named(name, has_address).await?;
    Ok(watch.elapsed())
}
