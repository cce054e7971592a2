//! The certificate of the metrics: from a folder, as cert-manager or a mounted Secret fills it, or made at the start and kept
//! in memory. A new certificate in the folder is used without a restart; one that cannot be used leaves the last one in
//! force.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use patina::time::Instant;
use rcgen::{CertificateParams, DnType, KeyPair};
use thiserror::Error;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{Error as RustlsError, ServerConfig};

use super::tls::{Offer, TlsFlagError, TlsFlags, offer};
use crate::clock;
use crate::fatal::line_of;

/// Names the folder of the metrics' certificate.
const FLAG: &str = "--metrics-cert-dir";
/// How old what was read from the folder may be when a connection begins.
const FRESH: Duration = Duration::from_secs(60);

/// Why there is no certificate. What was in force stays so.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// The flags are of no use.
    #[error(transparent)]
    Flags(#[from] TlsFlagError),
    /// A file of the folder is of no use.
    #[error("cannot use {path} ({flag})")]
    File {
        /// The flag that names the folder.
        flag: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: pem::Error,
    },
    /// Certificate and key do not fit.
    #[error("certificate and key do not go together")]
    Pair(#[from] RustlsError),
    /// None could be made.
    #[error("cannot make a certificate")]
    Made(#[from] rcgen::Error),
}

/// A certificate with its chain, and its key.
pub type Pair = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// What a server shows of itself.
pub struct Identity {
    offer: Offer,
    /// `None`: made here.
    folder: Option<PathBuf>,
    config: Arc<ServerConfig>,
    read_at: Instant,
    /// The last reading failed, and that was told.
    told: bool,
}

impl Identity {
    /// # Errors
    /// See [`IdentityError`].
    pub fn new(flags: &TlsFlags) -> Result<Self, IdentityError> {
        let offer = offer(flags)?;
        let folder = Some(&flags.metrics_cert_dir).filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let pair = folder.as_deref().map_or_else(made, |folder| read(FLAG, folder))?;
        let config = configure(&offer, pair)?;
        Ok(Self { offer, folder, config, read_at: clock::now(), told: false })
    }

    /// What a connection is to be secured with that begins at `now`.
    pub(super) fn current(&mut self, now: Instant) -> Arc<ServerConfig> {
        if let Some(folder) = &self.folder
            && now.since(self.read_at) >= FRESH
        {
            self.read_at = now;
            match read(FLAG, folder).and_then(|pair| configure(&self.offer, pair)) {
                Ok(config) => (self.config, self.told) = (config, false),
                Err(error) => self.tell(&error),
            }
        }
        Arc::clone(&self.config)
    }

    fn tell(&mut self, error: &IdentityError) {
        if !std::mem::replace(&mut self.told, true) {
            tracing::warn!(reason = line_of(error), "the metrics keep their last certificate");
        }
    }
}

/// TLS with this certificate.
///
/// # Errors
/// [`IdentityError::Pair`] when certificate and key do not go together.
pub fn configure(offer: &Offer, (chain, key): Pair) -> Result<Arc<ServerConfig>, IdentityError> {
    Ok(Arc::new(offer.clone().with_single_cert(chain, key)?))
}

/// The files of a Secret of type `kubernetes.io/tls`, in the folder that `flag` names.
///
/// # Errors
/// [`IdentityError::File`], with the flag.
pub fn read(flag: &'static str, folder: &Path) -> Result<Pair, IdentityError> {
    let (certificate, key) = (folder.join("tls.crt"), folder.join("tls.key"));
    let unusable = |path: &Path| {
        let path = path.to_path_buf();
        move |source| IdentityError::File { flag, path, source }
    };
    let chain = CertificateDer::pem_file_iter(&certificate)
        .and_then(Iterator::collect)
        .map_err(unusable(&certificate))?;
    let key = PrivateKeyDer::from_pem_file(&key).map_err(unusable(&key))?;
    Ok((chain, key))
}

/// Nobody can check it, as with MetalLB: it keeps listeners on the wire away from tokens, and no more.
fn made() -> Result<Pair, IdentityError> {
    let key = KeyPair::generate()?;
    let mut parameters = CertificateParams::new(vec!["localhost".to_owned()])?;
    parameters.distinguished_name.push(DnType::CommonName, "patina");
    let certificate = parameters.self_signed(&key)?;
    Ok((vec![certificate.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::https::MinVersion;

    fn flags(folder: &Path) -> TlsFlags {
        TlsFlags {
            metrics_cert_dir: folder.to_str().unwrap().to_owned(),
            tls_min_version: MinVersion::Tls13,
            tls_cipher_suites: String::new(),
            tls_curve_preferences: String::new(),
        }
    }

    fn write(folder: &Path) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["a".to_owned()]).unwrap().self_signed(&key).unwrap();
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join("tls.crt"), certificate.pem()).unwrap();
        std::fs::write(folder.join("tls.key"), key.serialize_pem()).unwrap();
    }

    fn folder(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("patina-certificate-{}-{name}", std::process::id()))
    }

    #[test]
    fn without_a_folder_one_is_made() {
        assert!(Identity::new(&flags(Path::new(""))).is_ok());
    }

    #[test]
    fn a_new_certificate_is_used_within_a_minute_and_a_broken_one_never() {
        let folder = folder("renewed");
        write(&folder);
        let mut identity = Identity::new(&flags(&folder)).unwrap();
        let (start, first) = (identity.read_at, Arc::clone(&identity.config));
        write(&folder);
        let before = identity.current(start + FRESH - Duration::from_nanos(1));
        assert!(Arc::ptr_eq(&before, &first));
        let second = identity.current(start + FRESH);
        assert!(!Arc::ptr_eq(&second, &first));
        std::fs::write(folder.join("tls.crt"), "broken").unwrap();
        assert!(Arc::ptr_eq(&identity.current(start + 2 * FRESH), &second));
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_file_that_is_missing_is_named_with_its_flag() {
        let Err(error) = Identity::new(&flags(&folder("nowhere"))) else { panic!("there is no such folder") };
        let line = line_of(&error);
        assert!(line.contains("tls.crt") && line.contains("--metrics-cert-dir"), "{line}");
    }
}
