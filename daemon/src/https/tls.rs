//! Which TLS is spoken, in the words of MetalLB's flags, which are those of Kubernetes' own components.
//!
//! What a flag lists and this program does not speak is left out with a warning: that only makes the offer narrower. A list
//! of which nothing remains is refused.

use std::sync::Arc;

use clap::{Args, ValueEnum};
use thiserror::Error;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{CipherSuite, server::WantsServerCert};
use tokio_rustls::rustls::{
    ConfigBuilder, Error as RustlsError, ServerConfig, SupportedProtocolVersion, WantsVerifier,
};

/// Flags of TLS, for metrics and webhook.
#[derive(Args, Clone, Debug)]
pub struct TlsFlags {
    /// Folder with tls.crt and tls.key for the metrics, read again when they change; without it, a certificate made at the
    /// start.
    #[arg(long, value_name = "FOLDER", default_value = "", hide_default_value = true)]
    pub metrics_cert_dir: String,
    /// Oldest TLS version for metrics and webhook.
    #[arg(long, value_enum, default_value_t = MinVersion::Tls13)]
    pub tls_min_version: MinVersion,
    /// Cipher suites of TLS 1.2 by their IANA names, separated by commas; all without it. Those of TLS 1.3 are always on.
    #[arg(long, value_name = "NAMES", default_value = "", hide_default_value = true)]
    pub tls_cipher_suites: String,
    /// Curves by their IANA numbers, separated by commas, the favourite first: 29 (X25519), 23 (P-256), 24 (P-384); all
    /// without it.
    #[arg(long, value_name = "NUMBERS", default_value = "", hide_default_value = true)]
    pub tls_curve_preferences: String,
}

/// Oldest version of TLS that is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MinVersion {
    /// TLS 1.2 (RFC 5246).
    #[value(name = "VersionTLS12")]
    Tls12,
    /// TLS 1.3 (RFC 8446).
    #[value(name = "VersionTLS13")]
    Tls13,
}

/// Why the flags are of no use. Nothing was started.
#[derive(Debug, Error, PartialEq)]
pub enum TlsFlagError {
    /// Suites of TLS 1.2 were listed, which is not spoken.
    #[error("--tls-cipher-suites needs --tls-min-version=VersionTLS12: those of TLS 1.3 cannot be chosen")]
    SuitesOfTls12,
    /// None of the suites is known.
    #[error("--tls-cipher-suites names none that is known; known are {0}")]
    NoSuite(String),
    /// A curve is no number.
    #[error("--tls-curve-preferences: {0:?} is no number of a curve")]
    NoNumber(String),
    /// None of the curves is known.
    #[error("--tls-curve-preferences names none that is known; known are {0}")]
    NoCurve(String),
    /// The TLS library does not take the combination.
    #[error("the TLS flags do not go together")]
    Refused(#[from] RustlsError),
}

/// A server's TLS up to its certificate.
pub type Offer = ConfigBuilder<ServerConfig, WantsServerCert>;

/// What the flags say.
///
/// # Errors
/// See [`TlsFlagError`].
pub fn offer(flags: &TlsFlags) -> Result<Offer, TlsFlagError> {
    let (provider, left_out) = provider(flags)?;
    if !left_out.is_empty() {
        tracing::warn!(left_out = left_out.join(", "), "not spoken here, so not offered");
    }
    let versions: &[&SupportedProtocolVersion] = match flags.tls_min_version {
        MinVersion::Tls12 => &[&TLS13, &TLS12],
        MinVersion::Tls13 => &[&TLS13],
    };
    let builder: ConfigBuilder<ServerConfig, WantsVerifier> =
        ServerConfig::builder_with_provider(Arc::new(provider)).with_protocol_versions(versions)?;
    Ok(builder.with_no_client_auth())
}

fn provider(flags: &TlsFlags) -> Result<(CryptoProvider, Vec<String>), TlsFlagError> {
    let mut provider = ring::default_provider();
    let mut left_out = suites(&mut provider, flags)?;
    left_out.extend(curves(&mut provider, flags)?);
    Ok((provider, left_out))
}

/// Keeps the suites of TLS 1.2 that are listed; returns those that are not spoken here.
fn suites(provider: &mut CryptoProvider, flags: &TlsFlags) -> Result<Vec<String>, TlsFlagError> {
    let listed = items(&flags.tls_cipher_suites);
    if listed.is_empty() {
        return Ok(Vec::new());
    }
    if flags.tls_min_version == MinVersion::Tls13 {
        return Err(TlsFlagError::SuitesOfTls12);
    }
    let known: Vec<String> =
        provider.cipher_suites.iter().filter(|s| s.tls13().is_none()).map(|s| name(s.suite())).collect();
    if !listed.iter().any(|suite| known.contains(suite)) {
        return Err(TlsFlagError::NoSuite(known.join(", ")));
    }
    provider.cipher_suites.retain(|s| s.tls13().is_some() || listed.contains(&name(s.suite())));
    Ok(listed.into_iter().filter(|suite| !known.contains(suite)).collect())
}

/// Keeps the curves that are listed, in the order of the list; returns those that are not spoken here.
fn curves(provider: &mut CryptoProvider, flags: &TlsFlags) -> Result<Vec<String>, TlsFlagError> {
    let listed = items(&flags.tls_curve_preferences);
    if listed.is_empty() {
        return Ok(Vec::new());
    }
    let (mut kept, mut left_out) = (Vec::new(), Vec::new());
    for item in listed {
        let number: u16 = item.parse().map_err(|_| TlsFlagError::NoNumber(item.clone()))?;
        match provider.kx_groups.iter().find(|group| u16::from(group.name()) == number) {
            Some(group) => kept.push(*group),
            None => left_out.push(format!("curve {number}")),
        }
    }
    if kept.is_empty() {
        let known = provider.kx_groups.iter().map(|group| u16::from(group.name()).to_string());
        return Err(TlsFlagError::NoCurve(known.collect::<Vec<_>>().join(", ")));
    }
    provider.kx_groups = kept;
    Ok(left_out)
}

/// As IANA, and Go after it, writes it.
fn name(suite: CipherSuite) -> String {
    suite.as_str().unwrap_or_default().to_owned()
}

fn items(list: &str) -> Vec<String> {
    list.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        tls: TlsFlags,
    }

    fn flags(words: &[&str]) -> TlsFlags {
        Command::parse_from(["test"].iter().chain(words)).tls
    }

    fn refusal(words: &[&str]) -> String {
        provider(&flags(words)).unwrap_err().to_string()
    }

    #[test]
    fn without_flags_tls_1_3_is_spoken_and_nothing_older() {
        assert_eq!(flags(&[]).tls_min_version, MinVersion::Tls13);
        assert!(offer(&flags(&[])).is_ok());
        assert!(Command::try_parse_from(["test", "--tls-min-version=VersionTLS11"]).is_err());
    }

    #[test]
    fn suites_can_be_chosen_for_tls_1_2_only_and_the_others_are_named() {
        let list = "--tls-cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_RSA_WITH_RC4_128_SHA";
        assert!(refusal(&[list]).contains("VersionTLS12"));
        let (provider, left_out) = provider(&flags(&[list, "--tls-min-version=VersionTLS12"])).unwrap();
        let kept: Vec<_> =
            provider.cipher_suites.iter().filter(|s| s.tls13().is_none()).map(|s| name(s.suite())).collect();
        assert_eq!(kept, ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]);
        assert_eq!(left_out, ["TLS_RSA_WITH_RC4_128_SHA"]);
        let nothing = refusal(&["--tls-cipher-suites=X", "--tls-min-version=VersionTLS12"]);
        assert!(nothing.contains("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"), "{nothing}");
    }

    #[test]
    fn curves_are_tried_in_the_order_of_the_list() {
        let (provider, left_out) = provider(&flags(&["--tls-curve-preferences=4588, 24,29"])).unwrap();
        let kept: Vec<u16> = provider.kx_groups.iter().map(|group| group.name().into()).collect();
        assert_eq!(kept, [24, 29]);
        assert_eq!(left_out, ["curve 4588"]);
        assert!(refusal(&["--tls-curve-preferences=25"]).contains("29, 23, 24"));
        assert!(refusal(&["--tls-curve-preferences=P256"]).contains("\"P256\""));
    }
}
