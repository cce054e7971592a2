//! Where reviews arrive: read within bounds, judged over the objects as the API server has them now, answered.
//!
//! The objects are listed for each review instead of watched: an answer then never rests on an old state, and a webhook that
//! nobody asks costs nothing.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use k8s_openapi::ClusterResourceScope;
use k8s_openapi::api::core::v1::Node as ApiNode;
use k8s_openapi::api::networking::v1::ServiceCIDR;
use kube::api::{ApiResource, DynamicObject, ListParams};
use kube::{Api, Client, Resource};
use patina::admission::{Answer, Question, Review, Standing, Subject, Verdict, judge};
use patina::api::bgp::BGPPeer;
use patina::api::{ForeignRange, IPAddressPool, L2Advertisement};
use patina::config::{AdvertisementSource, ForeignSource, PoolSource};
use patina::world::{Node, ServiceCidr};
use patina_daemon::client::describe;
use patina_daemon::fatal::line_of;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Where MetalLB's ValidatingWebhookConfiguration sends reviews. What is judged is told by the review itself.
const PATHS: [&str; 6] = [
    "/validate-metallb-io-v1beta1-ipaddresspool",
    "/validate-metallb-io-v1beta1-l2advertisement",
    "/validate-metallb-io-v1beta1-bgpadvertisement",
    "/validate-metallb-io-v1beta2-bgppeer",
    "/validate-metallb-io-v1beta1-bfdprofile",
    "/validate-metallb-io-v1beta1-community",
];
/// Longest review, in bytes: an object and what it was before, each of ten thousand ranges and more.
const LONGEST: usize = 2 * 1024 * 1024;
/// Reviews that are read and judged at a time; others wait. Each may be as long as the longest.
const AT_A_TIME: usize = 2;
/// Longest time for one review: API servers wait for 10 seconds unless told otherwise.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct VerdictLabel {
    verdict: &'static str,
}

/// What all reviews share.
pub(super) struct Desk {
    client: Client,
    namespace: String,
    turns: Semaphore,
    reviews: Family<VerdictLabel, Counter>,
}

/// Why a review has no answer; the failure policy of the API server decides then.
enum Unanswered {
    /// It could not be read.
    Refused(Response),
    /// The objects that stand could not be read.
    Blind(kube::Error),
    /// It took too long.
    Late,
}

impl Desk {
    pub(super) fn new(client: Client, namespace: &str, registry: &mut Registry) -> Self {
        let reviews = Family::<VerdictLabel, Counter>::default();
        registry.register("patina_webhook_reviews", "Reviews of the webhook by verdict", reviews.clone());
        let namespace = namespace.to_owned();
        Self { client, namespace, turns: Semaphore::new(AT_A_TIME), reviews }
    }

    async fn review(&self, request: Request) -> Result<Response, Unanswered> {
        let turn = async {
            let _turn = self.turns.acquire().await;
            let body = Bytes::from_request(request, &()).await;
            let body = body.map_err(|error| Unanswered::Refused(error.into_response()))?;
            let review = Review::read(&body).map_err(|error| {
                Unanswered::Refused((StatusCode::BAD_REQUEST, line_of(&error)).into_response())
            })?;
            drop(body);
            let standing = self.standing(&review.question).await.map_err(Unanswered::Blind)?;
            let answer = judge(&review.question, &standing, &self.namespace);
            self.note(&answer, &review.question);
            let headers = [(header::CONTENT_TYPE, "application/json")];
            Ok((headers, answer.review(&review).to_string()).into_response())
        };
        timeout(PATIENCE, turn).await.unwrap_or(Err(Unanswered::Late))
    }

    /// The objects that the question needs.
    async fn standing(&self, question: &Question) -> kube::Result<Standing> {
        let mut standing = Standing::default();
        match &question.subject {
            Subject::Pool(_) => {
                standing.pools = self.pools().await?;
                self.look_elsewhere(&mut standing).await;
            }
            Subject::Advertisement(_) => {
                standing.pools = self.pools().await?;
                let rules = self.list::<L2Advertisement>().await?;
                standing.advertisements = rules.iter().map(AdvertisementSource::from).collect();
            }
            Subject::ProfileDeletion(_) => standing.peers = self.list::<BGPPeer>().await?,
            Subject::Lone | Subject::Unfit(_) => {}
        }
        Ok(standing)
    }

    async fn pools(&self) -> kube::Result<Vec<PoolSource>> {
        Ok(self.list::<IPAddressPool>().await?.iter().map(PoolSource::from).collect())
    }

    /// What uses addresses beside pools. It is warned of and refuses nothing: what cannot be read is left out.
    async fn look_elsewhere(&self, standing: &mut Standing) {
        let (ranges, nodes, cidrs) = tokio::join!(
            self.everywhere::<ForeignRange>(),
            self.everywhere::<ApiNode>(),
            self.everywhere::<ServiceCIDR>()
        );
        standing.foreign = ranges.iter().map(ForeignSource::from).collect();
        let nodes = nodes.iter().flat_map(|node| Node::from(node).occupied().collect::<Vec<_>>());
        let cidrs = cidrs.iter().flat_map(|range| ServiceCidr::from(range).occupied().collect::<Vec<_>>());
        standing.occupied = nodes.chain(cidrs).collect();
    }

    /// Objects of a kind that has no namespace; none if they cannot be read.
    async fn everywhere<K>(&self) -> Vec<K>
    where
        K: Resource<DynamicType = (), Scope = ClusterResourceScope> + Clone + Debug + DeserializeOwned,
    {
        let objects = Api::<K>::all(self.client.clone());
        objects.list(&ListParams::default()).await.map(|list| list.items).unwrap_or_default()
    }

    /// Objects of a kind in the own namespace; what does not fit its kind has no say.
    async fn list<K>(&self) -> kube::Result<Vec<K>>
    where
        K: Resource<DynamicType = ()> + DeserializeOwned,
    {
        let kind = ApiResource::erase::<K>(&());
        let objects = Api::<DynamicObject>::namespaced_with(self.client.clone(), &self.namespace, &kind);
        let listed = objects.list(&ListParams::default()).await?;
        let read =
            |object| serde_json::to_value(object).ok().and_then(|object| patina::api::read(object).ok());
        Ok(listed.items.into_iter().filter_map(read).collect())
    }

    fn note(&self, answer: &Answer, question: &Question) {
        let verdict = if answer.verdict == Verdict::Allowed { "allowed" } else { "refused" };
        self.count(verdict);
        if let Some(reason) = answer.refusal() {
            tracing::info!(
                kind = question.kind,
                namespace = question.namespace,
                reason,
                "refused by the webhook"
            );
        }
    }

    fn count(&self, verdict: &'static str) {
        self.reviews.get_or_create(&VerdictLabel { verdict }).inc();
    }
}

pub(super) fn router(desk: Desk) -> Router {
    let paths = PATHS.iter().fold(Router::new(), |router, path| router.route(path, post(review)));
    paths.layer(DefaultBodyLimit::max(LONGEST)).with_state(Arc::new(desk))
}

async fn review(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    let unanswered = match desk.review(request).await {
        Ok(answer) => return answer,
        Err(unanswered) => unanswered,
    };
    desk.count("unanswered");
    match unanswered {
        Unanswered::Refused(response) => response,
        Unanswered::Blind(error) => {
            let reason = format!("the webhook cannot read the objects that stand: {}", describe(&error));
            (StatusCode::INTERNAL_SERVER_ERROR, reason).into_response()
        }
        Unanswered::Late => {
            (StatusCode::SERVICE_UNAVAILABLE, "the webhook found no answer in time").into_response()
        }
    }
}
