//! get -w, wait and rollout status: kubectl as a watcher.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::timeout;

use crate::kubectl::by_kubectl;

const BOUND: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_watching_get_prints_each_change() {
    by_kubectl(async |kubectl| {
        kubectl.register_widgets().await;
        kubectl.ok_with("apply -f -", &kubectl.widget(3)).await;
        let mut watching = kubectl.start("get WD -w --no-headers");
        let mut lines = BufReader::new(watching.stdout.take().expect("piped")).lines();
        for size in [3, 4, 5] {
            kubectl.ok_with("apply -f -", &kubectl.widget(size)).await;
            let line =
                timeout(BOUND, lines.next_line()).await.expect("in time").expect("text").expect("a line");
            assert_eq!(line.split_whitespace().nth(1), Some(size.to_string().as_str()), "{line}");
        }
    })
    .await;
}

#[tokio::test]
async fn kubectl_waits_for_conditions_fields_and_ends() {
    by_kubectl(async |kubectl| {
        kubectl.register_widgets().await;
        kubectl.ok_with("apply -f -", &kubectl.widget(3)).await;
        let status = r#"'{"status":{"conditions":[{"type":"Ready","status":"True"}]}}'"#;
        let waits = [
            ("--for=condition=Ready", format!("patch WD one --subresource=status --type=merge -p {status}")),
            (
                "--for=jsonpath={.spec.size}=7",
                r#"patch WD one --type=merge -p '{"spec":{"size":7}}'"#.to_owned(),
            ),
            ("--for=delete", "delete WD one".to_owned()),
        ];
        for (condition, cause) in waits {
            let waiting = kubectl.start(&format!("wait WD/one {condition} --timeout=30s"));
            kubectl.ok(&cause).await;
            let ended = timeout(BOUND, waiting.wait_with_output()).await.expect("in time").expect("ended");
            assert!(ended.status.success(), "{condition}: {ended:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_rollout_is_followed_to_its_end() {
    by_kubectl(async |kubectl| {
        kubectl.ok("create deployment web --image=web:1 --replicas=0").await;
        let following = kubectl.start("rollout status deployment web --timeout=30s");
        let done = r#"'{"status":{"observedGeneration":1}}'"#;
        kubectl.ok(&format!("patch deploy web --subresource=status --type=merge -p {done}")).await;
        let ended = timeout(BOUND, following.wait_with_output()).await.expect("in time").expect("ended");
        assert!(String::from_utf8_lossy(&ended.stdout).contains("successfully rolled out"), "{ended:?}");
        kubectl.ok("rollout restart deployment web").await;
    })
    .await;
}
