//! Logs: one line for each thing a person can notice, values in fields.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{Directive, LevelFilter};

use crate::settings::{LogFormat, LogLevel};

/// Crates that talk more than anybody wants to read; they are a level quieter than we are.
const TALKATIVE: [&str; 4] = ["hyper_util", "kube_client", "kube_runtime", "rustls"];

/// Starts logging to standard error. Called once; a second call, in a process that runs both daemons, changes nothing.
pub fn start(level: LogLevel, format: LogFormat) {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(level))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let started = match format {
        LogFormat::Text => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if let Err(error) = started {
        tracing::debug!(%error, "logging was started before");
    }
}

fn filter(level: LogLevel) -> EnvFilter {
    let (ours, others) = match level {
        LogLevel::All => (LevelFilter::TRACE, LevelFilter::DEBUG),
        LogLevel::Debug => (LevelFilter::DEBUG, LevelFilter::INFO),
        LogLevel::Info => (LevelFilter::INFO, LevelFilter::OFF),
        LogLevel::Warn => (LevelFilter::WARN, LevelFilter::OFF),
        LogLevel::Error => (LevelFilter::ERROR, LevelFilter::OFF),
        LogLevel::None => (LevelFilter::OFF, LevelFilter::OFF),
    };
    let quieter = TALKATIVE.iter().filter_map(|name| format!("{name}={others}").parse::<Directive>().ok());
    quieter.fold(EnvFilter::default().add_directive(ours.into()), EnvFilter::add_directive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_quieter_than_we_are() {
        let filter = filter(LogLevel::Info).to_string();
        assert!(filter.contains("kube_client=off") && filter.contains("info"), "{filter}");
    }
}
