//! Whom API servers trust: `caBundle` of each webhook in the one ValidatingWebhookConfiguration.

use k8s_openapi::ByteString;
use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use serde_json::{Value, json};

/// Name of the configuration, as MetalLB's.
pub(super) const CONFIGURATION: &str = "metallb-webhook-configuration";

/// Whether every webhook trusts exactly these.
pub(super) fn says(configuration: &ValidatingWebhookConfiguration, bundle: &ByteString) -> bool {
    bundles(configuration).all(|standing| standing == Some(bundle))
}

/// Whether every webhook has a bundle for which `trusts` holds.
pub(super) fn all(
    configuration: &ValidatingWebhookConfiguration,
    trusts: impl Fn(&ByteString) -> bool,
) -> bool {
    bundles(configuration).all(|bundle| bundle.is_some_and(&trusts))
}

fn bundles(configuration: &ValidatingWebhookConfiguration) -> impl Iterator<Item = Option<&ByteString>> {
    let webhooks = configuration.webhooks.iter().flatten();
    webhooks.map(|webhook| webhook.client_config.ca_bundle.as_ref())
}

/// The part of the configuration that is ours, for server-side apply.
pub(super) fn applied(configuration: &ValidatingWebhookConfiguration, bundle: &ByteString) -> Value {
    let webhooks = configuration.webhooks.iter().flatten();
    let webhooks: Vec<_> = webhooks
        .map(|webhook| json!({ "name": webhook.name, "clientConfig": { "caBundle": bundle } }))
        .collect();
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": { "name": CONFIGURATION }, "webhooks": webhooks,
    })
}
