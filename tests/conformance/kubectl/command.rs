//! kubectl as a person types it, told about the server of a case.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::fixture::Fixture;

/// Longer than any call here takes; reaching it is a failure.
const BOUND: Duration = Duration::from_secs(60);

/// A case's place on a server, and the folder that kubectl works in; the folder ends with it.
///
/// In the words and manifests of a case `NS` stands for its namespace, `GROUP` for the group of its own kinds, `WD` for
/// its widgets and `LABELS` for the labels of what lives in no namespace.
pub(crate) struct Kubectl<'a> {
    fixture: &'a Fixture,
    folder: PathBuf,
}

/// What one call said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl<'a> Kubectl<'a> {
    pub(super) async fn new(fixture: &'a Fixture) -> Self {
        let folder =
            std::env::temp_dir().join(format!("patina-{}-{}", fixture.namespace, std::process::id()));
        std::fs::create_dir_all(&folder).expect("folder");
        let kubeconfig = serde_json::to_string(&fixture.kubeconfig()).expect("JSON");
        std::fs::write(folder.join("kubeconfig"), kubeconfig).expect("kubeconfig");
        let kubectl = Self { fixture, folder };
        kubectl.ok("wait --for=create serviceaccount/default --timeout=30s").await;
        kubectl
    }

    /// A text of the case with its names filled in.
    pub(crate) fn said(&self, text: &str) -> String {
        let group = self.fixture.own_group();
        let text = text.replace("WD", &format!("widgets.{group}")).replace("GROUP", &group);
        text.replace("LABELS", &self.fixture.labels().to_string()).replace("NS", &self.fixture.namespace)
    }

    /// A started kubectl; `words` are split at spaces, and a quoted word stays whole.
    pub(crate) fn start(&self, words: &str) -> Child {
        let spawned = Command::new("kubectl")
            .args(split(&self.said(words)))
            .arg(format!("--kubeconfig={}", self.folder.join("kubeconfig").display()))
            .arg(format!("--cache-dir={}", self.folder.join("cache").display()))
            .env("HOME", &self.folder)
            .env("KUBE_EDITOR", "sed -i s/colour:.*/colour:\\ edited/")
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        spawned.unwrap_or_else(|error| {
            panic!("cannot run kubectl ({error}): install it, see https://kubernetes.io/docs/tasks/tools/")
        })
    }

    /// Runs kubectl to its end, whatever it says.
    pub(crate) async fn run(&self, words: &str, input: &str) -> Said {
        let mut child = self.start(words);
        let mut stdin = child.stdin.take().expect("piped");
        stdin.write_all(self.said(input).as_bytes()).await.expect("read by kubectl");
        drop(stdin);
        let output = timeout(BOUND, child.wait_with_output()).await.expect("in time").expect("ended");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Runs kubectl, which must succeed, and returns what it printed.
    pub(crate) async fn ok(&self, words: &str) -> String {
        self.ok_with(words, "").await
    }

    /// The same with something on its standard input.
    pub(crate) async fn ok_with(&self, words: &str, input: &str) -> String {
        let said = self.run(words, input).await;
        assert_eq!(said.code, Some(0), "kubectl {words}: {said:?}");
        said.out
    }

    /// Runs kubectl, which must fail, and returns what it complained about.
    pub(crate) async fn refused(&self, words: &str, input: &str) -> String {
        let said = self.run(words, input).await;
        assert_ne!(said.code, Some(0), "kubectl {words}: {said:?}");
        said.err
    }

    /// Registers the kind Widget and waits until it is served.
    pub(crate) async fn register_widgets(&self) {
        self.fixture.widgets().await;
    }

    /// The widget `one` as a manifest.
    pub(crate) fn widget(&self, size: u32) -> String {
        self.said(&format!(
            r#"{{"apiVersion":"GROUP/v1","kind":"Widget","metadata":{{"name":"one"}},"spec":{{"size":{size}}}}}"#
        ))
    }
}

#[expect(clippy::print_stderr, reason = "a test tells what it leaves behind")]
impl Drop for Kubectl<'_> {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            eprintln!("{} stays behind: {error}", self.folder.display());
        }
    }
}

fn split(words: &str) -> Vec<String> {
    let parts = words.split('\'').enumerate();
    parts
        .flat_map(|(index, part)| match index % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect(),
            _ => vec![part.to_owned()],
        })
        .collect()
}
