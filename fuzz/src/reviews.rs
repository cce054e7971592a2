//! Reviews of the webhook.

use patina::admission::{Question, Review, Standing, Subject, Verdict, judge};

/// Where objects count.
const OWN: &str = "metallb-system";

/// Reads a review and judges it; what stands then is right with itself.
pub fn reviews(bytes: &[u8]) {
    let Ok(review) = Review::read(bytes) else { return };
    let answer = judge(&review.question, &Standing::default(), OWN);
    let written = answer.review(&review);
    assert_eq!(written["response"]["uid"], review.uid.as_str(), "an answer names its review");
    assert_eq!(answer.refusal().is_none(), answer.verdict == Verdict::Allowed, "a refusal says why");
    let again = judge(&review.question, &standing(&review.question), OWN);
    if matches!(answer.verdict, Verdict::Wrong(_)) {
        assert_eq!(again.verdict, Verdict::Allowed, "what is wrong already is not refused for it");
    }
}

/// The object as it would stand.
fn standing(question: &Question) -> Standing {
    let mut standing = Standing::default();
    match &question.subject {
        Subject::Pool(pool) => standing.pools.push((**pool).clone()),
        Subject::Advertisement(rule) => standing.advertisements.push((**rule).clone()),
        Subject::ProfileDeletion(_) | Subject::Lone | Subject::Unfit(_) => {}
    }
    standing
}
