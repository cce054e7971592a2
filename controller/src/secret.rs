//! The key of the speakers' heartbeats: created once, when it is missing, so that there is no step to forget.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::ByteString;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::api::PostParams;
use kube::{Api, Client, Resource};
use patina_daemon::backoff::Backoff;
use patina_daemon::client::{code, describe};
use ring::rand::{SecureRandom, SystemRandom};

/// Key within the Secret, and name of the file when it is mounted.
const FIELD: &str = "secretkey";
const KEY_BYTES: usize = 32;
const NOT_FOUND: u16 = 404;
const CONFLICT: u16 = 409;
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Where the key is kept.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) namespace: String,
    /// Name of the Secret.
    pub(crate) name: String,
    /// Deployment that owns it, if that is known.
    pub(crate) deployment: Option<String>,
}

/// Creates the Secret if it is missing; tries until it stands. One line when it was created, one when it cannot be.
pub(crate) async fn ensure(client: Client, place: Place) {
    let mut backoff = Backoff::up_to(LONGEST_PAUSE);
    let mut told = None;
    loop {
        match create_if_missing(&client, &place).await {
            Ok(Stands::Created) => {
                return tracing::info!(secret = place.name, "created the key of the heartbeats");
            }
            Ok(Stands::Before) => return,
            Err(error) => {
                let reason = describe(&error);
                if told.as_ref() != Some(&reason) {
                    tracing::warn!(secret = place.name, reason, "the key of the heartbeats is not there yet");
                    told = Some(reason);
                }
                tokio::time::sleep(backoff.pause()).await;
            }
        }
    }
}

enum Stands {
    Before,
    Created,
}

async fn create_if_missing(client: &Client, place: &Place) -> kube::Result<Stands> {
    let secrets = Api::<Secret>::namespaced(client.clone(), &place.namespace);
    match secrets.get_metadata(&place.name).await {
        Ok(_) => return Ok(Stands::Before),
        Err(error) if code(&error) == Some(NOT_FOUND) => {}
        Err(error) => return Err(error),
    }
    let owner = owner(client, place).await;
    match secrets.create(&PostParams::default(), &secret(place, owner)?).await {
        Ok(_) => Ok(Stands::Created),
        Err(error) if code(&error) == Some(CONFLICT) => Ok(Stands::Before),
        Err(error) => Err(error),
    }
}

/// A Deployment that cannot be read owns nothing: the key matters more than its end.
async fn owner(client: &Client, place: &Place) -> Option<OwnerReference> {
    let deployments = Api::<Deployment>::namespaced(client.clone(), &place.namespace);
    match deployments.get(place.deployment.as_deref()?).await {
        Ok(deployment) => deployment.controller_owner_ref(&()),
        Err(error) => {
            tracing::debug!(reason = describe(&error), "the Secret gets no owner");
            None
        }
    }
}

fn secret(place: &Place, owner: Option<OwnerReference>) -> kube::Result<Secret> {
    let mut key = [0; KEY_BYTES];
    SystemRandom::new().fill(&mut key).map_err(|_| kube::Error::Service("no random bytes".into()))?;
    let metadata = ObjectMeta {
        name: Some(place.name.clone()),
        owner_references: owner.map(|owner| vec![owner]),
        ..ObjectMeta::default()
    };
    let data = BTreeMap::from([(FIELD.to_owned(), ByteString(printable(&key)))]);
    Ok(Secret { metadata, data: Some(data), ..Secret::default() })
}

/// Hexadecimal digits, so that the file survives editors and terminals.
fn printable(key: &[u8]) -> Vec<u8> {
    key.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_is_new_and_printable() {
        let place = Place { namespace: "n".to_owned(), name: "k".to_owned(), deployment: None };
        let key = || secret(&place, None).unwrap().data.unwrap().remove(FIELD).unwrap().0;
        assert_ne!(key(), key());
        assert_eq!(key().len(), 2 * KEY_BYTES);
        assert!(key().iter().all(u8::is_ascii_hexdigit));
    }
}
