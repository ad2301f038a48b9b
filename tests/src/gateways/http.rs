//! An HTTP server on loopback, on a thread of its own.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// How a request is answered.
pub(super) enum Reply {
    /// With this.
    Answer(Response<Full<Bytes>>),
    /// The connection ends.
    HangUp,
    /// Nothing ever comes.
    Silence,
}

/// A running server. It ends with this value.
pub(super) struct Http {
    address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

impl Http {
    /// Starts one on a free port.
    pub fn start(answer: impl Fn(&Parts, &[u8]) -> Reply + Send + Sync + 'static) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a listener for tokio");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel::<()>();
        let answer = Arc::new(answer);
        thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).expect("a listener");
                tokio::select! {
                    _ = stopped => {}
                    () = serve(listener, answer) => {}
                }
            });
        });
        Self { address, _stop: stop }
    }

    /// Its base address.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }
}

async fn serve(listener: TcpListener, answer: Arc<impl Fn(&Parts, &[u8]) -> Reply + Send + Sync + 'static>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let answer = answer.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| respond(request, answer.clone()));
            // A client that goes away is none of the gateway's business.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn respond(request: Request<Incoming>, answer: Arc<impl Fn(&Parts, &[u8]) -> Reply>) -> std::io::Result<Response<Full<Bytes>>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
    match answer(&parts, &body) {
        Reply::Answer(response) => Ok(response),
        Reply::HangUp => Err(std::io::Error::other("the gateway hangs up")),
        Reply::Silence => pending().await,
    }
}

/// The pairs of a form or query, decoded once.
pub(super) fn pairs(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text).into_owned().collect()
}
