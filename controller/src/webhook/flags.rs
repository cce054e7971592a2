//! Flags of the webhook, under MetalLB's names.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};
use patina_daemon::fatal::Fatal;
use patina_daemon::https::TlsFlags;
use patina_daemon::settings::Flags;
use thiserror::Error;

use super::secret::Place;

/// Flags of the webhook.
#[derive(Args, Clone, Debug)]
pub(crate) struct WebhookFlags {
    /// Whether the validating webhook is served.
    #[arg(long, value_enum, default_value_t = Mode::Disabled)]
    webhook_mode: Mode,
    /// Secret that holds the webhook's certificate; created when it is missing.
    #[arg(long, default_value = "metallb-webhook-cert", value_name = "NAME")]
    webhook_secret: String,
    /// Port of the webhook.
    #[arg(long, default_value_t = 9443, value_parser = clap::value_parser!(u16).range(1..))]
    webhook_port: u16,
    /// Serve the webhook over HTTP/2 too; refused, for there is only HTTP/1.1.
    #[arg(long, default_value_t = false, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(action = ArgAction::Set)]
    webhook_http2: bool,
    /// Somebody else makes the webhook's certificate and names its authority in the ValidatingWebhookConfiguration: it is
    /// read from --cert-dir.
    #[arg(long, default_value_t = false, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(action = ArgAction::Set)]
    disable_cert_rotation: bool,
    /// Folder with tls.crt and tls.key for the webhook, read again when they change; used with --disable-cert-rotation only.
    #[arg(long, default_value = "/tmp/k8s-webhook-server/serving-certs", value_name = "FOLDER")]
    cert_dir: PathBuf,
    /// Service that API servers reach the webhook by: its name is the certificate's.
    #[arg(long, default_value = "metallb-webhook-service", value_name = "NAME")]
    cert_service_name: String,
}

/// Whether the webhook is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// Beside everything else.
    Enabled,
    /// Not at all.
    Disabled,
    /// And nothing else is done: no address is given out.
    #[value(name = "onlywebhook")]
    OnlyWebhook,
}

/// Where the certificate comes from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// From the Secret, in which this process keeps it.
    Secret,
    /// From a folder that somebody else fills.
    Folder(PathBuf),
}

/// What never changes while the process runs.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(super) secret: Place,
    pub(super) host: Option<IpAddr>,
    pub(super) port: u16,
    pub(super) tls: TlsFlags,
    pub(super) source: Source,
}

/// Why the flags are of no use. Nothing was started.
#[derive(Debug, Error)]
pub(crate) enum FlagError {
    /// HTTP/2 was asked for.
    #[error(
        "--webhook-http2: the webhook speaks HTTP/1.1 only, which every API server does too; leave the flag out"
    )]
    Http2,
}

impl WebhookFlags {
    pub(crate) const fn mode(&self) -> Mode {
        self.webhook_mode
    }

    /// Settings of the webhook, if it is to be served.
    ///
    /// # Errors
    /// One line when a flag asks for what there is not.
    pub(crate) fn settings(self, common: &Flags, namespace: &str) -> Result<Option<Settings>, Fatal> {
        if self.webhook_mode == Mode::Disabled {
            return Ok(None);
        }
        if self.webhook_http2 {
            return Err(Fatal::configuration(FlagError::Http2));
        }
        let secret = Place {
            namespace: namespace.to_owned(),
            name: self.webhook_secret,
            served_as: format!("{}.{namespace}.svc", self.cert_service_name),
        };
        let source = if self.disable_cert_rotation { Source::Folder(self.cert_dir) } else { Source::Secret };
        let (host, port, tls) = (common.host, self.webhook_port, common.tls.clone());
        Ok(Some(Settings { secret, host, port, tls, source }))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        common: Flags,
        #[command(flatten)]
        webhook: WebhookFlags,
    }

    fn settings(words: &[&str]) -> Result<Option<Settings>, Fatal> {
        let Command { common, webhook } = Command::parse_from(["test"].iter().chain(words));
        webhook.settings(&common, "metallb-system")
    }

    #[test]
    fn row_90_the_webhook_is_off_unless_it_is_asked_for() {
        assert!(settings(&[]).unwrap().is_none());
        assert!(settings(&["--webhook-mode=disabled", "--webhook-http2"]).unwrap().is_none());
        for mode in ["enabled", "onlywebhook"] {
            let settings = settings(&[&format!("--webhook-mode={mode}")]).unwrap().unwrap();
            assert_eq!(settings.port, 9443);
            assert_eq!(settings.secret.name, "metallb-webhook-cert");
            assert_eq!(settings.secret.served_as, "metallb-webhook-service.metallb-system.svc");
            assert!(matches!(settings.source, Source::Secret));
        }
    }

    #[test]
    fn flags_are_written_as_go_writes_them() {
        let words = [
            "--webhook-mode=enabled",
            "--webhook-http2=false",
            "--disable-cert-rotation",
            "--cert-dir=/certs",
        ];
        let settings = settings(&words).unwrap().unwrap();
        assert!(matches!(settings.source, Source::Folder(folder) if folder.ends_with("certs")));
    }

    #[test]
    fn http_2_is_refused_and_not_ignored() {
        let refused = settings(&["--webhook-mode=enabled", "--webhook-http2"]).unwrap_err().line();
        assert!(refused.contains("--webhook-http2"), "{refused}");
    }
}
