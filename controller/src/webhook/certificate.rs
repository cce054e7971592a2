//! Certificates of the webhook: made, and checked as an API server checks them.

use std::sync::Arc;
use std::time::Duration;

use patina::admission::rotation::{Date, LIFETIME, SKEW};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::ServerCertVerifier;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};

const DAY: Duration = Duration::from_secs(86_400);
const END: &str = "-----END CERTIFICATE-----\n";

/// A new certificate with the authority that signed it, all PEM. The authority's key signs once and is kept nowhere.
pub(super) struct Made {
    pub(super) authority: String,
    pub(super) certificate: String,
    pub(super) key: String,
}

/// Makes a certificate for a server of this name.
pub(super) fn make(name: &str, now: Date) -> Result<Made, rcgen::Error> {
    let key = KeyPair::generate()?;
    let authority = authority(now);
    let authority_key = KeyPair::generate()?;
    let authority_certificate = authority.self_signed(&authority_key)?;
    let mut leaf = CertificateParams::new(vec![name.to_owned()])?;
    leaf.distinguished_name.push(DnType::CommonName, name);
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.use_authority_key_identifier_extension = true;
    leaf.not_before = date_time_ymd(1970, 1, 1) + since_1970(now.before(SKEW));
    leaf.not_after = date_time_ymd(1970, 1, 1) + since_1970(now.after(LIFETIME));
    let certificate = leaf.signed_by(&key, &Issuer::new(authority, authority_key))?;
    Ok(Made {
        authority: authority_certificate.pem(),
        certificate: certificate.pem(),
        key: key.serialize_pem(),
    })
}

/// It outlives what it signs.
fn authority(now: Date) -> CertificateParams {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    authority.distinguished_name.push(DnType::CommonName, format!("patina-webhook-{}", now.0));
    authority.not_before = date_time_ymd(1970, 1, 1) + since_1970(now.before(SKEW + DAY));
    authority.not_after = date_time_ymd(1970, 1, 1) + since_1970(now.after(LIFETIME + DAY));
    authority
}

/// The certificates of a PEM text, one by one.
pub(super) fn each(pem: &str) -> Vec<String> {
    pem.split_inclusive(END).filter(|block| block.ends_with(END)).map(str::to_owned).collect()
}

/// Whether an API server that trusts these authorities takes the certificate of a server of this name at this date.
pub(super) fn is_taken(
    authorities: &[u8],
    certificate: &CertificateDer<'_>,
    name: &ServerName<'_>,
    date: Date,
) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(authorities).flatten());
    let provider = Arc::new(ring::default_provider());
    let Ok(verifier) = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build() else {
        return false;
    };
    let date = UnixTime::since_unix_epoch(since_1970(date));
    verifier.verify_server_cert(certificate, &[], name, &[], date).is_ok()
}

const fn since_1970(date: Date) -> Duration {
    Duration::from_secs(date.0)
}

#[cfg(test)]
mod tests {
    use patina::admission::rotation::AHEAD;

    use super::*;

    const NOW: Date = Date(1_800_000_000);
    const NAME: &str = "metallb-webhook-service.metallb-system.svc";

    fn taken(made: &Made, authorities: &str, name: &'static str, date: Date) -> bool {
        let certificate = CertificateDer::from_pem_slice(made.certificate.as_bytes()).unwrap();
        is_taken(authorities.as_bytes(), &certificate, &ServerName::try_from(name).unwrap(), date)
    }

    #[test]
    fn row_91_a_certificate_is_taken_under_its_authority_and_name_and_within_its_dates() {
        let (made, other) = (make(NAME, NOW).unwrap(), make(NAME, NOW).unwrap());
        assert!(taken(&made, &made.authority, NAME, NOW));
        assert!(taken(&made, &made.authority, NAME, NOW.before(SKEW)));
        assert!(taken(&made, &made.authority, NAME, NOW.after(AHEAD)));
        assert!(!taken(&made, &made.authority, NAME, NOW.after(LIFETIME + DAY)));
        assert!(!taken(&made, &made.authority, NAME, NOW.before(SKEW + DAY)));
        assert!(!taken(&made, &made.authority, "other.metallb-system.svc", NOW));
        assert!(!taken(&made, &other.authority, NAME, NOW));
        assert!(taken(&made, &(other.authority + &made.authority), NAME, NOW));
        assert!(!taken(&made, "nonsense", NAME, NOW));
    }

    #[test]
    fn certificates_of_a_text_are_told_apart() {
        let (first, second) = (make(NAME, NOW).unwrap().authority, make(NAME, NOW).unwrap().authority);
        assert_eq!(each(&(first.clone() + &second)), [first, second]);
        assert!(each("nonsense").is_empty());
    }
}
