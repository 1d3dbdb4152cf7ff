//! The wire between replicas and a channel: it breaks before a request arrives, after the channel acted, or goes silent.

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::{
    faults::{Fault, Weather},
    pause::pause,
};

/// Of a thousand pieces of requests.
const OF_A_THOUSAND: u32 = 4;

/// Longer than any account waits for an answer.
const STALL: Duration = Duration::from_secs(6);

/// The wire. Everything that goes over it ends with it.
pub(crate) struct ChannelWire {
    address: SocketAddr,
    /// Host and port of the channel, once it is there.
    target: Arc<OnceLock<String>>,
    listening: JoinHandle<()>,
}

impl ChannelWire {
    /// A wire that leads nowhere yet.
    pub(crate) async fn new(weather: Arc<Weather>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let target = Arc::<OnceLock<String>>::default();
        let listening = tokio::spawn(listen(listener, Arc::clone(&target), weather));
        Self { address, target, listening }
    }

    /// Leads to the channel at this HTTP address.
    pub(crate) fn lead_to(&self, base_url: &str) {
        let target = base_url.trim_start_matches("http://").trim_end_matches('/');
        self.target.set(target.to_owned()).unwrap();
    }

    /// The HTTP address of this end.
    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for ChannelWire {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(listener: TcpListener, target: Arc<OnceLock<String>>, weather: Arc<Weather>) {
    while let Ok((client, _)) = listener.accept().await {
        let Some(target) = target.get().cloned() else { continue };
        let weather = Arc::clone(&weather);
        tokio::spawn(async move {
            if let Ok(server) = TcpStream::connect(target).await {
                relay(client, server, &weather).await;
            }
        });
    }
}

/// What happens to the next answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Arrives,
    IsLost,
    Comes(Duration),
}

async fn relay(client: TcpStream, server: TcpStream, weather: &Weather) {
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (fates, mut fate) = tokio::sync::watch::channel(Fate::Arrives);
    let questions = async {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = from_client.read(&mut buffer).await.unwrap_or(0);
            if read == 0 || weather.strikes(Fault::ChannelReset, OF_A_THOUSAND) {
                return;
            }
            if weather.strikes(Fault::ChannelCutAfterExecution, OF_A_THOUSAND) {
                fates.send_replace(Fate::IsLost);
            } else if weather.strikes(Fault::ChannelStalled, OF_A_THOUSAND) {
                fates.send_replace(Fate::Comes(STALL));
            }
            if to_server.write_all(&buffer[..read]).await.is_err() {
                return;
            }
        }
    };
    let answers = async {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = from_server.read(&mut buffer).await.unwrap_or(0);
            let met = *fate.borrow_and_update();
            match met {
                Fate::Arrives => {}
                Fate::IsLost => return,
                Fate::Comes(after) => {
                    pause(after).await;
                    return;
                }
            }
            if read == 0 || to_client.write_all(&buffer[..read]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = questions => {}
        () = answers => {}
    }
}
