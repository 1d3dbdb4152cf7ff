//! A wire between store and PostgreSQL that counts what passes, and that can be led to another server.

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixStream},
    task::JoinHandle,
};
use url::Url;

/// What passed from the store to PostgreSQL, in the words of PostgreSQL's protocol.
#[derive(Debug, Clone, Default)]
pub struct Traffic {
    /// SQL of every statement executed, prepared or not, in order.
    pub executed: Vec<String>,
    /// SQL of every statement that was parsed to be prepared.
    pub parsed: Vec<String>,
    /// Prepared statements given back.
    pub closed: usize,
    /// Times that PostgreSQL had to answer before the store could go on.
    pub round_trips: usize,
}

/// The wire. Everything that goes over it ends with it.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: JoinHandle<()>,
}

struct Shared {
    target: Mutex<Target>,
    traffic: Mutex<Traffic>,
    cut: AtomicBool,
}

#[derive(Clone)]
enum Target {
    Socket(PathBuf),
    Loopback(String),
}

impl Proxy {
    /// A wire to the server of a database URL.
    pub async fn to(url: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let target = Mutex::new(Target::of(url));
        let shared = Arc::new(Shared { target, traffic: Mutex::default(), cut: AtomicBool::new(false) });
        let listening = tokio::spawn(listen(listener, Arc::clone(&shared)));
        Self { address, shared, listening }
    }

    /// The database URL with this wire's end as its server.
    pub fn url(&self, url: &str) -> String {
        let url = Url::parse(url).unwrap();
        let password = url.password().map(|password| format!(":{password}")).unwrap_or_default();
        format!("postgres://{}{password}@{}{}", url.username(), self.address, url.path())
    }

    /// Leads new connections to another server.
    pub fn lead_to(&self, url: &str) {
        *lock(&self.shared.target) = Target::of(url);
    }

    /// Breaks at the next word of the store's, before PostgreSQL hears it; once.
    pub fn cut(&self) {
        self.shared.cut.store(true, Ordering::SeqCst);
    }

    /// What passed since this was last asked.
    pub fn take_traffic(&self) -> Traffic {
        std::mem::take(&mut *lock(&self.shared.traffic))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Target {
    fn of(url: &str) -> Self {
        let config: tokio_postgres::Config = url.parse().unwrap();
        let port = config.get_ports().first().copied().unwrap_or(5432);
        match config.get_hosts().first().unwrap() {
            tokio_postgres::config::Host::Unix(folder) => {
                Self::Socket(folder.join(format!(".s.PGSQL.{port}")))
            }
            tokio_postgres::config::Host::Tcp(host) => Self::Loopback(format!("{host}:{port}")),
        }
    }
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        let target = lock(&shared.target).clone();
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            // A server that is not there looks as it does without a wire: the connection ends.
            match target {
                Target::Socket(path) => {
                    if let Ok(server) = UnixStream::connect(path).await {
                        relay(client, server, &shared).await;
                    }
                }
                Target::Loopback(address) => {
                    if let Ok(server) = TcpStream::connect(address).await {
                        relay(client, server, &shared).await;
                    }
                }
            }
        });
    }
}

async fn relay(client: TcpStream, server: impl AsyncRead + AsyncWrite, shared: &Shared) {
    let _ = client.set_nodelay(true);
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let answers = async move {
        let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
    };
    tokio::select! {
        _ = questions(&mut from_client, &mut to_server, shared) => {}
        () = answers => {}
    }
}

/// Passes on message by message. The first has no type byte.
async fn questions(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    shared: &Shared,
) -> std::io::Result<()> {
    let mut names = HashMap::new();
    let startup = body(from).await?;
    to.write_all(&startup).await?;
    loop {
        let kind = from.read_u8().await?;
        let message = body(from).await?;
        if shared.cut.swap(false, Ordering::SeqCst) {
            return Ok(());
        }
        note(kind, &message[4..], &mut names, &mut lock(&shared.traffic));
        to.write_all(&[&[kind], message.as_slice()].concat()).await?;
    }
}

/// Length and what it counts, itself included.
async fn body(from: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Vec<u8>> {
    let length = from.read_u32().await?;
    let mut message = vec![0; usize::try_from(length).unwrap()];
    message[..4].copy_from_slice(&length.to_be_bytes());
    from.read_exact(&mut message[4..]).await?;
    Ok(message)
}

fn note(kind: u8, message: &[u8], names: &mut HashMap<String, String>, traffic: &mut Traffic) {
    let mut texts = message.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned());
    let mut next = || texts.next().unwrap_or_default();
    match kind {
        b'P' => {
            let (name, sql) = (next(), next());
            traffic.parsed.push(sql.clone());
            names.insert(name, sql);
        }
        b'B' => {
            let (_portal, name) = (next(), next());
            traffic.executed.push(names.get(&name).cloned().unwrap_or_default());
        }
        b'Q' => {
            traffic.executed.push(next());
            traffic.round_trips += 1;
        }
        b'C' => traffic.closed += 1,
        b'S' => traffic.round_trips += 1,
        _ => {}
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
