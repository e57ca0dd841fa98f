//! The way to a neighbour: straight, or through the proxy.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tower_service::Service;

use super::options::{ClientMistake, Proxy};
use crate::BoxError;

/// Opens connections; what is encrypted to the neighbour is encrypted inside them.
#[derive(Clone)]
pub(super) struct Way {
    straight: HttpConnector,
    through: Option<Through>,
}

#[derive(Clone)]
struct Through {
    proxy: Arc<Proxy>,
    tunnel: Tunnel<HttpsConnector<HttpConnector>>,
}

impl Way {
    pub fn new(tls: &ClientConfig, proxy: Option<&Proxy>) -> Result<Self, ClientMistake> {
        let mut straight = HttpConnector::new();
        straight.set_nodelay(true);
        // The scheme of each request decides; the TLS connector around it handles both.
        straight.enforce_http(false);
        let through = proxy.map(|proxy| Through::new(straight.clone(), tls, proxy)).transpose()?;
        Ok(Way { straight, through })
    }
}

impl Through {
    fn new(straight: HttpConnector, tls: &ClientConfig, proxy: &Proxy) -> Result<Self, ClientMistake> {
        let address = &proxy.address;
        let is_plain = matches!(address.path_and_query().map(|rest| rest.as_str()), None | Some("/"));
        let has_host = address.host().is_some_and(|host| !host.is_empty());
        if !(is_plain && has_host && matches!(address.scheme_str(), Some("http" | "https"))) {
            return Err(ClientMistake::Proxy);
        }
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls.clone())
            .https_or_http()
            .enable_http1()
            .wrap_connector(straight);
        let mut tunnel = Tunnel::new(address.clone(), connector);
        if let Some(authorization) = proxy.authorization()? {
            tunnel = tunnel.with_auth(authorization);
        }
        Ok(Through { proxy: Arc::new(proxy.clone()), tunnel })
    }

    fn leads_to(&self, address: &Uri) -> bool {
        address.scheme_str() == Some("https") && !address.host().is_some_and(|host| self.proxy.spares(host))
    }
}

impl Service<Uri> for Way {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        if let Some(through) = &mut self.through {
            ready!(through.tunnel.poll_ready(context))?;
        }
        self.straight.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        match &mut self.through {
            Some(through) if through.leads_to(&address) => {
                let connecting = through.tunnel.call(address);
                Box::pin(async move { Ok(connecting.await?) })
            }
            _ => {
                let connecting = self.straight.call(address);
                Box::pin(async move { Ok(MaybeHttpsStream::Http(connecting.await?)) })
            }
        }
    }
}
