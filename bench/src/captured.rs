//! Catches the channels' notifications before the measurement, so that only the server's part of them is measured.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    routing::any,
};
use tokio::net::TcpListener;

use crate::{failure::Failure, load};

/// How long the channels may take to send what they owe.
const PATIENCE: Duration = Duration::from_secs(60);

/// A notification as its channel sent it.
#[derive(Clone)]
pub(crate) struct Notification {
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Notification {
    /// The payment that a notification of Alipay's is about; its body is a form.
    pub(crate) fn payment_no(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let number = text.split('&').find_map(|pair| pair.strip_prefix("out_trade_no="));
        number.unwrap_or_default().to_owned()
    }
}

/// Listens in the place of the server.
pub(crate) struct Catcher {
    pub(crate) address: SocketAddr,
    caught: Arc<Mutex<Vec<Notification>>>,
}

impl Catcher {
    /// Begins to listen on a free port.
    pub(crate) async fn start() -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(Failure::new)?;
        let address = listener.local_addr().map_err(Failure::new)?;
        let caught = Arc::new(Mutex::new(Vec::new()));
        let router = Router::new().fallback(any(catch)).with_state(Arc::clone(&caught));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, caught })
    }

    /// Waits until so many were caught, and takes all of them.
    pub(crate) async fn take(&self, count: usize) -> Result<Vec<Notification>, Failure> {
        let begin = load::now();
        let mut looks = tokio::time::interval(Duration::from_millis(5));
        while begin.elapsed() < PATIENCE {
            looks.tick().await;
            let mut caught = self.caught.lock().map_err(|_| Failure::new("the catcher broke down"))?;
            if caught.len() >= count {
                return Ok(std::mem::take(&mut *caught));
            }
        }
        let caught = self.caught.lock().map_or(0, |caught| caught.len());
        Err(Failure::new(format!("{caught} of {count} notifications came")))
    }
}

/// Alipay wants this word, the others the status alone: nobody repeats. Only what an operation sends on is kept: the rest may come
/// while the notifications of the next payments are counted.
async fn catch(
    State(caught): State<Arc<Mutex<Vec<Notification>>>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, &'static str) {
    let target = uri.path_and_query().map_or_else(|| uri.path().to_owned(), ToString::to_string);
    if tells_what_followed(&body) {
        return (StatusCode::OK, "success");
    }
    match caught.lock() {
        Ok(mut caught) => {
            caught.push(Notification { target, headers, body });
            (StatusCode::OK, "success")
        }
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, ""),
    }
}

/// Alipay's word of a refund, and PayPal's of a capture and of the order that is complete with it: what the service did after it
/// was told of a payment.
fn tells_what_followed(body: &[u8]) -> bool {
    let has = |word: &[u8]| body.windows(word.len()).any(|part| part == word);
    has(b"refund_fee=") || has(b"PAYMENT.CAPTURE.") || has(b"CHECKOUT.ORDER.COMPLETED")
}
