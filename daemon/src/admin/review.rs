//! Whether a token's user may read the metrics, in the API server's own words: TokenReview, then SubjectAccessReview
//! (Kubernetes documentation, "Authenticating" and "Authorization Overview").

use std::time::Duration;

use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec, UserInfo};
use k8s_openapi::api::authorization::v1::{
    NonResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec,
};
use kube::api::PostParams;
use kube::{Api, Client};
use thiserror::Error;

use super::memory::Verdict;
use crate::client::describe;

/// Path of the metrics, and nonResourceURL of the right to read them.
pub(super) const PATH: &str = "/metrics";
/// Longest time for both questions: less than a scraper waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why there is no verdict. Asking again is safe.
#[derive(Debug, Error)]
pub(super) enum ReviewError {
    /// The API server refused to review, or did not answer.
    #[error("the API server does not say whether you may: {}", describe(.0))]
    Unanswered(#[from] kube::Error),
    /// No answer in time.
    #[error("the API server does not say whether you may: no answer within {PATIENCE:?}")]
    Late,
}

/// Asks the API server about a token.
///
/// # Errors
/// See [`ReviewError`]; no error is a yes.
pub(super) async fn review(client: &Client, token: &str) -> Result<Verdict, ReviewError> {
    let both = async {
        let Some(user) = authenticate(client, token).await? else { return Ok(Verdict::Unknown) };
        let name = user.username.clone().unwrap_or_default();
        let allowed = authorize(client, user).await?;
        Ok(if allowed { Verdict::Granted } else { Verdict::Refused { user: name } })
    };
    tokio::time::timeout(PATIENCE, both).await.map_err(|_| ReviewError::Late)?
}

async fn authenticate(client: &Client, token: &str) -> kube::Result<Option<UserInfo>> {
    let spec = TokenReviewSpec { token: Some(token.to_owned()), audiences: None };
    let question = TokenReview { spec, ..TokenReview::default() };
    let answer = Api::all(client.clone()).create(&PostParams::default(), &question).await?;
    let status = answer.status.filter(|status| status.authenticated == Some(true));
    Ok(status.and_then(|status| status.user))
}

async fn authorize(client: &Client, user: UserInfo) -> kube::Result<bool> {
    let read = NonResourceAttributes { path: Some(PATH.to_owned()), verb: Some("get".to_owned()) };
    let UserInfo { username, groups, uid, extra } = user;
    let spec = SubjectAccessReviewSpec {
        user: username,
        groups,
        uid,
        extra,
        non_resource_attributes: Some(read),
        ..SubjectAccessReviewSpec::default()
    };
    let question = SubjectAccessReview { spec, ..SubjectAccessReview::default() };
    let answer = Api::all(client.clone()).create(&PostParams::default(), &question).await?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}
