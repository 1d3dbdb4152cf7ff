//! Where channels deliver their callbacks. It passes them on to a replica that lives, or loses, multiplies, holds back,
//! repeats and forges them.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse as _, Response},
};
use futures::future::join_all;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;

use crate::{
    faults::{Fault, Weather},
    pause::pause,
};

/// Longer than a replica takes for a callback.
const PATIENCE: Duration = Duration::from_secs(6);

/// How many callbacks are remembered to be replayed.
const REMEMBERED: usize = 300;

/// A callback as it came.
#[derive(Clone)]
pub(crate) struct Letter {
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

/// What the judge is told.
#[derive(Default)]
pub(crate) struct Deliveries {
    /// SHA-256 of the bodies that a replica acknowledged.
    pub(crate) acknowledged: Vec<String>,
    /// Forged callbacks that a replica did not refuse, in words.
    pub(crate) believed: Vec<String>,
    /// Forged callbacks that reached a replica.
    pub(crate) refused: usize,
}

/// The office.
pub(crate) struct PostOffice {
    address: SocketAddr,
    weather: Arc<Weather>,
    http: reqwest::Client,
    replicas: Mutex<Vec<SocketAddr>>,
    next: AtomicUsize,
    remembered: Mutex<VecDeque<Letter>>,
    deliveries: Mutex<Deliveries>,
    /// How many are at work who want their letters delivered as they are.
    honest: AtomicUsize,
}

impl PostOffice {
    /// Opens.
    pub(crate) async fn open(weather: Arc<Weather>) -> Arc<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let office = Arc::new(Self {
            address: listener.local_addr().unwrap(),
            weather,
            http: reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap(),
            replicas: Mutex::default(),
            next: AtomicUsize::new(0),
            remembered: Mutex::default(),
            deliveries: Mutex::default(),
            honest: AtomicUsize::new(0),
        });
        let router = Router::new().fallback(receive).with_state(Arc::clone(&office));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        office
    }

    /// The address that channels know.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where replicas take callbacks; some of them may be dead.
    pub(crate) fn deliver_to(&self, replicas: Vec<SocketAddr>) {
        *self.replicas.lock().unwrap() = replicas;
    }

    /// Does something whose letters are delivered as they are, so that the answer is a replica's.
    pub(crate) async fn honestly<T>(&self, work: impl Future<Output = T>) -> T {
        self.honest.fetch_add(1, Ordering::SeqCst);
        let done = work.await;
        self.honest.fetch_sub(1, Ordering::SeqCst);
        done
    }

    /// What happened so far; the office begins anew.
    pub(crate) fn take_deliveries(&self) -> Deliveries {
        std::mem::take(&mut *self.deliveries.lock().unwrap())
    }

    /// Passes a callback on; nothing comes back if no replica could be reached.
    async fn pass_on(&self, letter: &Letter) -> Option<(StatusCode, Bytes)> {
        let replicas = self.replicas.lock().unwrap().clone();
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        for turn in 0..replicas.len() {
            let replica = replicas[(first + turn) % replicas.len()];
            let sent = self.http.post(format!("http://{replica}{}", letter.uri));
            let sent = sent.headers(letter.headers.clone()).body(letter.body.clone()).send().await;
            match sent {
                Ok(answer) => {
                    let status = answer.status();
                    return Some((status, answer.bytes().await.ok()?));
                }
                // A proxy in front of replicas does the same: nobody heard it.
                Err(error) if error.is_connect() => {}
                Err(_) => return None,
            }
        }
        None
    }

    /// Passes a genuine callback on, and remembers that it was acknowledged.
    async fn deliver(&self, letter: &Letter) -> Option<(StatusCode, Bytes)> {
        let answer = self.pass_on(letter).await?;
        if answer.0.is_success() {
            self.deliveries.lock().unwrap().acknowledged.push(hex::encode(Sha256::digest(&letter.body)));
        }
        Some(answer)
    }

    /// Sends a callback that proves nothing, which must be refused.
    async fn forge(&self, letter: &Letter, what: &str) {
        let Some((status, _)) = self.pass_on(letter).await else { return };
        let mut deliveries = self.deliveries.lock().unwrap();
        if status.is_success() {
            deliveries.believed.push(format!("{what} at {}: {status}", letter.uri.path()));
        } else {
            deliveries.refused += 1;
        }
    }

    fn remember(&self, letter: &Letter) -> Option<Letter> {
        let mut remembered = self.remembered.lock().unwrap();
        remembered.push_back(letter.clone());
        if remembered.len() > REMEMBERED {
            remembered.pop_front();
        }
        let one = usize::try_from(self.weather.below(u64::try_from(remembered.len()).unwrap())).unwrap();
        remembered.get(one).cloned()
    }
}

async fn receive(
    State(office): State<Arc<PostOffice>>,
    uri: Uri,
    mut headers: HeaderMap,
    body: Bytes,
) -> Response {
    // What belongs to this hop is made anew for the next.
    for name in ["host", "content-length", "connection", "transfer-encoding"] {
        headers.remove(name);
    }
    let letter = Letter { uri, headers, body };
    let weather = Arc::clone(&office.weather);
    if office.honest.load(Ordering::SeqCst) > 0 {
        return answered(office.deliver(&letter).await);
    }
    if weather.strikes(Fault::CallbackLost, 30) {
        return (StatusCode::OK, "success").into_response();
    }
    if weather.strikes(Fault::CallbackReordered, 30) {
        // The channel takes it for delivered; later ones overtake it.
        let after = weather.between(Duration::from_millis(200), Duration::from_secs(4));
        tokio::spawn(async move {
            pause(after).await;
            office.deliver(&letter).await;
        });
        return (StatusCode::OK, "success").into_response();
    }
    if let Some(old) = office.remember(&letter)
        && weather.strikes(Fault::CallbackReplayed, 20)
    {
        let office = Arc::clone(&office);
        tokio::spawn(async move { office.deliver(&old).await });
    }
    if weather.strikes(Fault::CallbackForged, 20) {
        office.forge(&forged(&letter, &weather), "a forged callback").await;
    }
    if weather.strikes(Fault::CallbackForeignAccount, 10) {
        office.forge(&for_another_account(&letter), "a callback of another account").await;
    }
    let answer = if weather.strikes(Fault::CallbackTenfold, 15) {
        let copies = join_all((0..10).map(|_| office.deliver(&letter))).await;
        copies.into_iter().flatten().next()
    } else {
        office.deliver(&letter).await
    };
    answered(answer)
}

fn answered(answer: Option<(StatusCode, Bytes)>) -> Response {
    match answer {
        Some(answer) => answer.into_response(),
        None => StatusCode::BAD_GATEWAY.into_response(),
    }
}

/// The same, with one digit of the body or one letter of the signature another.
fn forged(letter: &Letter, weather: &Weather) -> Letter {
    let mut forged = letter.clone();
    for name in ["wechatpay-signature", "paypal-transmission-sig"] {
        let Some(signature) = letter.headers.get(name) else { continue };
        if weather.below(2) == 0 {
            let mut bytes = signature.as_bytes().to_vec();
            bytes[0] = if bytes[0] == b'A' { b'B' } else { b'A' };
            forged.headers.insert(name, bytes.as_slice().try_into().unwrap());
            return forged;
        }
    }
    let mut body = letter.body.to_vec();
    // The last letters of a signature may say the same in several ways, and so may what is percent-encoded.
    let digits = (0..body.len().saturating_sub(8)).filter(|position| {
        let before = &body[position.saturating_sub(2)..*position];
        body[*position].is_ascii_digit()
            && !before.contains(&b'%')
            && !body[*position..*position + 8].windows(3).any(|three| three == b"%3D")
    });
    let digits: Vec<_> = digits.collect();
    let position = digits[usize::try_from(weather.below(u64::try_from(digits.len()).unwrap())).unwrap()];
    body[position] = if body[position] == b'9' { b'0' } else { body[position] + 1 };
    forged.body = body.into();
    forged
}

/// The same, to the other account at the same channel.
fn for_another_account(letter: &Letter) -> Letter {
    let path = letter.uri.path();
    let other = match path.strip_suffix("-two") {
        Some(first) => format!("{first}-one"),
        None => format!("{}-two", path.strip_suffix("-one").unwrap_or(path)),
    };
    Letter { uri: other.parse().unwrap(), ..letter.clone() }
}
