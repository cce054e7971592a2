//! Logs: one line for each thing a person can notice, values in fields.

use std::io::IsTerminal;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::settings::{LogFormat, LogLevel};

/// Crates that talk more than anybody wants to read; they are a level quieter than we are.
const TALKATIVE: [&str; 4] = ["hyper_util", "kube_client", "kube_runtime", "rustls"];

/// Starts logging to standard error. Called once; a second call, in a process that runs both daemons, changes nothing.
pub fn start(level: LogLevel, format: LogFormat) {
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    let registry = tracing_subscriber::registry().with(targets(level));
    let started = match format {
        LogFormat::Text => registry.with(lines.with_target(false)).try_init(),
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init(),
    };
    if let Err(error) = started {
        tracing::debug!(%error, "logging was started before");
    }
}

fn targets(level: LogLevel) -> Targets {
    let (ours, others) = match level {
        LogLevel::All => (LevelFilter::TRACE, LevelFilter::DEBUG),
        LogLevel::Debug => (LevelFilter::DEBUG, LevelFilter::INFO),
        LogLevel::Info => (LevelFilter::INFO, LevelFilter::OFF),
        LogLevel::Warn => (LevelFilter::WARN, LevelFilter::OFF),
        LogLevel::Error => (LevelFilter::ERROR, LevelFilter::OFF),
        LogLevel::None => (LevelFilter::OFF, LevelFilter::OFF),
    };
    Targets::new().with_default(ours).with_targets(TALKATIVE.map(|name| (name, others)))
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn libraries_are_quieter_than_we_are() {
        let targets = targets(LogLevel::Info);
        assert!(targets.would_enable("patina_daemon::watch", &Level::INFO));
        assert!(!targets.would_enable("patina_daemon::watch", &Level::DEBUG));
        assert!(!targets.would_enable("kube_client::client", &Level::ERROR));
    }
}
