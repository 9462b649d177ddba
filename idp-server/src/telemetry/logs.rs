//! Structured logs on standard error: lines for people, JSON for programs.

use std::io::IsTerminal;

use idp_core::base::fault::Fault;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::config::{LogFormat, TelemetrySettings};

/// Libraries whose words may hold what strangers sent: they are heard from `warn` on only.
const TALKATIVE: [&str; 6] = ["hyper", "hyper_util", "h2", "reqwest", "rustls", "sqlx"];

/// Starts logging for the whole process.
///
/// # Errors
/// A lasting fault when logging was started before.
pub fn start(settings: &TelemetrySettings) -> Result<(), Fault> {
    let filter = filter(settings.level);
    let registry = tracing_subscriber::registry();
    let started = match settings.format {
        LogFormat::Json => {
            let json = fmt::layer()
                .json()
                .flatten_event(true)
                .with_writer(std::io::stderr);
            registry.with(json.with_filter(filter)).try_init()
        }
        LogFormat::Text => {
            let colours = std::io::stderr().is_terminal();
            let text = fmt::layer().with_target(false).with_ansi(colours);
            registry
                .with(text.with_writer(std::io::stderr).with_filter(filter))
                .try_init()
        }
    };
    started.map_err(|e| Fault::lasting("logs", e))
}

/// The wanted level for our own rooms, `warn` at most for libraries.
fn filter(level: tracing::Level) -> Targets {
    let quiet = LevelFilter::from_level(level.min(tracing::Level::WARN));
    Targets::new()
        .with_default(level)
        .with_targets(TALKATIVE.into_iter().map(|library| (library, quiet)))
}

#[cfg(test)]
mod tests {
    use super::filter;
    use tracing::Level;

    #[test]
    fn libraries_never_say_more_than_warnings() {
        let debug = filter(Level::DEBUG);
        assert!(debug.would_enable("idp_server::listen", &Level::DEBUG));
        assert!(debug.would_enable("hyper::proto", &Level::WARN));
        assert!(!debug.would_enable("hyper::proto", &Level::INFO));
        assert!(!debug.would_enable("reqwest::connect", &Level::DEBUG));
        let error = filter(Level::ERROR);
        assert!(!error.would_enable("sqlx", &Level::WARN));
        assert!(error.would_enable("sqlx", &Level::ERROR));
    }
}
