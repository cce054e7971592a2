//! The Secret of the webhook's certificate, in the form that MetalLB's has: `tls.crt`, `tls.key` and `ca.crt`. One that MetalLB
//! has filled is used as it is, until it is due.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use patina::admission::rotation::{Certificate, Date};
use patina_daemon::https::{Offer, configure};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};

use super::certificate::{Made, each, is_taken};

const CERTIFICATE: &str = "tls.crt";
const KEY: &str = "tls.key";
const AUTHORITIES: &str = "ca.crt";
/// MetalLB keeps the authority's key; what we make has none that is worth keeping.
const AUTHORITY_KEY: &str = "ca.key";

/// Where the certificate is kept, and for whom.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) namespace: String,
    pub(super) name: String,
    /// DNS name of the webhook.
    pub(super) served_as: String,
}

/// A certificate that can be shown.
pub(super) struct Kept {
    pub(super) config: Arc<ServerConfig>,
    pub(super) certificate: CertificateDer<'static>,
    /// PEM, one each.
    authorities: Vec<String>,
    name: ServerName<'static>,
}

impl Kept {
    /// What a Secret holds; nothing when it is of no use.
    pub(super) fn read(secret: &Secret, place: &Place, offer: &Offer) -> Option<Self> {
        let name = ServerName::try_from(place.served_as.clone()).ok()?;
        let data = secret.data.as_ref()?;
        let pem = |field: &str| data.get(field).map(|bytes| bytes.0.as_slice());
        let chain: Vec<_> =
            CertificateDer::pem_slice_iter(pem(CERTIFICATE)?).collect::<Result<_, _>>().ok()?;
        let key = PrivateKeyDer::from_pem_slice(pem(KEY)?).ok()?;
        let certificate = chain.first()?.clone();
        let authorities = each(std::str::from_utf8(pem(AUTHORITIES)?).ok()?);
        let config = configure(offer, (chain, key)).ok()?;
        Some(Self { config, certificate, authorities, name })
    }

    /// What `caBundle` is to hold.
    pub(super) fn bundle(&self) -> ByteString {
        ByteString(self.authorities.concat().into_bytes())
    }

    /// Whether an API server that trusts these authorities takes the certificate.
    pub(super) fn is_taken_under(&self, authorities: &[u8], date: Date) -> bool {
        is_taken(authorities, &self.certificate, &self.name, date)
    }

    /// The authority that signed the certificate.
    pub(super) fn own_authority(&self, now: Date) -> Option<&str> {
        let signed = |authority: &&String| is_taken(authority.as_bytes(), &self.certificate, &self.name, now);
        self.authorities.iter().find(signed).map(String::as_str)
    }
}

impl Certificate for Kept {
    fn is_good_at(&self, date: Date) -> bool {
        self.is_taken_under(&self.bundle().0, date)
    }

    fn authorities(&self) -> usize {
        self.authorities.len()
    }
}

/// The Secret with a new certificate; whoever trusts `before` goes on doing so.
pub(super) fn renewed(standing: Option<&Secret>, place: &Place, made: Made, before: Option<&str>) -> Secret {
    let authorities = made.authority + before.unwrap_or_default();
    let fields = [(CERTIFICATE, made.certificate), (KEY, made.key), (AUTHORITIES, authorities)];
    filled(standing, place, fields)
}

/// The Secret with no other authority than this one.
pub(super) fn forgetful(standing: &Secret, place: &Place, authority: String) -> Secret {
    filled(Some(standing), place, [(AUTHORITIES, authority)])
}

fn filled<const N: usize>(standing: Option<&Secret>, place: &Place, fields: [(&str, String); N]) -> Secret {
    let mut secret = standing.cloned().unwrap_or_else(|| Secret {
        metadata: ObjectMeta { name: Some(place.name.clone()), ..ObjectMeta::default() },
        ..Secret::default()
    });
    let data = secret.data.get_or_insert_with(BTreeMap::new);
    data.remove(AUTHORITY_KEY);
    data.extend(fields.map(|(field, text)| (field.to_owned(), ByteString(text.into_bytes()))));
    secret
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use patina::admission::rotation::{LIFETIME, Step, step};
    use patina_daemon::https::{TlsFlags, offer};

    use super::*;
    use crate::webhook::certificate::make;

    const NOW: Date = Date(1_800_000_000);

    fn place() -> Place {
        Place { namespace: "n".to_owned(), name: "cert".to_owned(), served_as: "webhook.n.svc".to_owned() }
    }

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        tls: TlsFlags,
    }

    fn kept(secret: &Secret) -> Option<Kept> {
        Kept::read(secret, &place(), &offer(&Command::parse_from(["test"]).tls).unwrap())
    }

    #[test]
    fn row_91_what_was_made_is_read_again_and_is_good() {
        let secret = renewed(None, &place(), make(&place().served_as, NOW).unwrap(), None);
        assert_eq!(step(kept(&secret).as_ref(), NOW), Step::Rest);
    }

    #[test]
    fn row_91_a_renewed_secret_trusts_both_and_a_forgetful_one_its_own() {
        let first = renewed(None, &place(), make(&place().served_as, NOW).unwrap(), None);
        let later = NOW.after(LIFETIME / 2);
        let before = kept(&first).unwrap();
        let authority = before.own_authority(NOW).unwrap();
        let made = make(&place().served_as, later).unwrap();
        let second = renewed(Some(&first), &place(), made, Some(authority));
        let both = kept(&second).unwrap();
        assert_eq!(both.authorities(), 2);
        assert!(before.is_taken_under(&both.bundle().0, later));
        let own = both.own_authority(later).unwrap().to_owned();
        let last = kept(&forgetful(&second, &place(), own)).unwrap();
        assert_eq!(last.authorities(), 1);
        assert!(last.is_good_at(later));
        assert!(!before.is_taken_under(&last.bundle().0, later));
    }

    /// Made as MetalLB makes it: an authority and a certificate of RSA, the key in the form of PKCS #1. Nobody trusts it.
    const METALLB: &str = include_str!("secret/metallb.pem");

    #[test]
    fn row_91_a_secret_that_metallb_has_filled_is_used_until_it_is_due() {
        let [authority, certificate, key] = METALLB.split("\n\n").collect::<Vec<_>>().try_into().unwrap();
        let text = |text: &str| ByteString(format!("{text}\n").into_bytes());
        let fields =
            [(AUTHORITIES, authority), (CERTIFICATE, certificate), (KEY, key), (AUTHORITY_KEY, "some key")];
        let data = fields.map(|(field, pem)| (field.to_owned(), text(pem)));
        let secret = Secret { data: Some(data.into()), ..Secret::default() };
        let place = Place { served_as: "metallb-webhook-service.metallb-system.svc".to_owned(), ..place() };
        let kept = Kept::read(&secret, &place, &offer(&Command::parse_from(["test"]).tls).unwrap()).unwrap();
        assert_eq!(step(Some(&kept), NOW), Step::Rest);
        assert_eq!(step(Some(&kept), NOW.after(200 * LIFETIME)), Step::Renew);
        let before = kept.own_authority(NOW).unwrap();
        let later = renewed(Some(&secret), &place, make(&place.served_as, NOW).unwrap(), Some(before));
        assert!(!later.data.unwrap().contains_key(AUTHORITY_KEY), "its key belongs to another authority");
    }

    #[test]
    fn a_secret_that_is_empty_or_whose_key_is_anothers_is_of_no_use() {
        assert!(kept(&Secret::default()).is_none());
        let mut secret = renewed(None, &place(), make(&place().served_as, NOW).unwrap(), None);
        let other = make(&place().served_as, NOW).unwrap();
        secret.data.as_mut().unwrap().insert(KEY.to_owned(), ByteString(other.key.into_bytes()));
        assert!(kept(&secret).is_none());
    }
}
