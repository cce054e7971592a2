//! Serves an empty cluster: `cargo run -p patina-apiserver --example serve -- 127.0.0.1:6443 kubeconfig`.
//!
//! Writes the kubeconfig to the named file and serves until it is interrupted.

use std::net::TcpListener;

use patina_apiserver::{ApiServer, Options};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(file)) = (arguments.next(), arguments.next()) else {
        return Err("usage: serve ADDRESS:PORT KUBECONFIG".into());
    };
    let listener = TcpListener::bind(&address)?;
    let server = ApiServer::new(Options::default())?;
    std::fs::write(file, server.kubeconfig(&format!("https://{}", listener.local_addr()?)))?;
    server.serve(listener)?;
    std::future::pending::<()>().await;
    Ok(())
}
