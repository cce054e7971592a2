//! A server, and kubectl told about it.

mod present;

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use patina_apiserver::{ApiServer, Options};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Longer than any call here takes; reaching it is a failure.
const BOUND: Duration = Duration::from_secs(60);

/// Tells the folders of tests in one process apart.
static COUNT: AtomicU32 = AtomicU32::new(0);

/// An API server and the folder that kubectl works in; both end with it.
pub(crate) struct Kubectl {
    _server: ApiServer,
    folder: PathBuf,
}

/// What one call said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Kubectl {
    pub(crate) async fn new() -> Self {
        present::check();
        let server = ApiServer::new(Options::default()).expect("server");
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let url = format!("https://{}", listener.local_addr().expect("bound"));
        server.serve(listener).expect("served");
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("patina-kubectl-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("folder");
        std::fs::write(folder.join("kubeconfig"), server.kubeconfig(&url)).expect("kubeconfig");
        let kubectl = Self { _server: server, folder };
        kubectl.ok("version").await;
        kubectl
    }

    /// A started kubectl; `words` are split at spaces, and a quoted word stays whole.
    pub(crate) fn start(&self, words: &str) -> Child {
        let spawned = Command::new("kubectl")
            .args(split(words))
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
        stdin.write_all(input.as_bytes()).await.expect("read by kubectl");
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

    /// Registers the kind Widget of group patina.dev and waits until it is served.
    pub(crate) async fn with_widgets(self) -> Self {
        self.ok_with("apply -f -", include_str!("widgets.yaml")).await;
        self.ok("wait --for=condition=Established crd/widgets.patina.dev --timeout=30s").await;
        self
    }
}

#[expect(clippy::print_stderr, reason = "a test tells what it leaves behind")]
impl Drop for Kubectl {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            eprintln!("{} stays behind: {error}", self.folder.display());
        }
    }
}

/// A widget as a manifest.
pub(crate) fn widget(size: u32) -> String {
    format!(
        r#"{{"apiVersion":"patina.dev/v1","kind":"Widget","metadata":{{"name":"one"}},"spec":{{"size":{size}}}}}"#
    )
}

/// The cells of each line of a table.
pub(crate) fn cells(table: &str) -> Vec<Vec<&str>> {
    table.lines().map(|line| line.split_whitespace().collect()).collect()
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
