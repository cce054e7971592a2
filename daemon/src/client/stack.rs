//! The way of a request: address, credentials, headers, TLS, TCP.
//!
//! What kube puts together by itself, but for three things. Its sockets wait for an acknowledgement before they send a second
//! small segment (RFC 896), and the server waits before it acknowledges (RFC 1122 section 4.2.3.2): 40 ms for the first request
//! of each connection. It tries again by itself, and logs every refusal: who asks here does both.

use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, ClientBuilder, ConfigExt};
use kube::{Config, Error};
use tower::util::BoxService;
use tower::{BoxError, ServiceBuilder, ServiceExt};

/// What a connection reads at once, at most, in bytes: two records of TLS (RFC 8446 section 5.1). A watch in a burst would
/// take fourteen times as much, and keep it.
const BUFFER: usize = 32 * 1024;

type Stack = BoxService<Request<Body>, Response<Incoming>, BoxError>;

/// A client's inside, as this configuration says.
///
/// # Errors
/// Credentials or certificates that cannot be used; a proxy, which this client does not go through.
pub(super) fn stack(config: &Config) -> Result<ClientBuilder<Stack>, Error> {
    if let Some(proxy) = &config.proxy_url {
        return Err(Error::ProxyProtocolUnsupported { proxy_url: Box::new(proxy.clone()) });
    }
    let mut builder = Client::builder(TokioExecutor::new());
    let client = builder.http1_max_buf_size(BUFFER).build::<_, Body>(connector(config)?);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(client);
    Ok(ClientBuilder::new(service.boxed(), config.default_namespace.clone()))
}

fn connector(config: &Config) -> Result<TimeoutConnector<HttpsConnector<HttpConnector>>, Error> {
    let mut connector = TimeoutConnector::new(config.rustls_https_connector_with_connector(tcp())?);
    connector.set_connect_timeout(config.connect_timeout);
    connector.set_read_timeout(config.read_timeout);
    connector.set_write_timeout(config.write_timeout);
    connector.set_reset_reader_on_write(config.reset_reader_on_write);
    Ok(connector)
}

fn tcp() -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use axum::http::Uri;

    use super::*;

    #[tokio::test]
    async fn a_small_segment_does_not_wait_for_the_acknowledgement_of_another() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let place: Uri = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let connection = tcp().oneshot(place).await.unwrap();
        assert!(connection.inner().nodelay().unwrap());
    }

    #[test]
    fn a_proxy_is_refused_by_its_name() {
        let mut config = Config::new(Uri::from_static("https://192.0.2.1:6443"));
        config.proxy_url = Some("http://proxy.example:3128".parse().unwrap());
        let Err(error) = stack(&config) else { panic!("there is no way through a proxy") };
        assert!(error.to_string().contains("proxy.example"), "{error}");
    }
}
