//! The wire between replicas and PostgreSQL. It knows where a COMMIT is, and breaks before it or after it.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixStream, unix},
    task::JoinHandle,
};

use crate::{
    database::Database,
    faults::{Fault, Weather},
};

/// Of a thousand COMMITs, and of a thousand other words in a transaction.
const AT_COMMIT: u32 = 3;
const IN_TRANSACTION: u32 = 1;

/// The wire. Everything that goes over it ends with it.
pub(crate) struct DatabaseWire {
    address: SocketAddr,
    listening: JoinHandle<()>,
}

impl DatabaseWire {
    /// A wire to wherever the database is at the moment.
    pub(crate) async fn to(database: Arc<Database>, weather: Arc<Weather>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        Self { address, listening: tokio::spawn(listen(listener, database, weather)) }
    }

    /// The database URL with this wire's end as its server.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@{}/payment", self.address)
    }
}

impl Drop for DatabaseWire {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(listener: TcpListener, database: Arc<Database>, weather: Arc<Weather>) {
    while let Ok((client, _)) = listener.accept().await {
        let Some(socket) = database.url().and_then(|url| socket_of(&url)) else { continue };
        let weather = Arc::clone(&weather);
        tokio::spawn(async move {
            // A server that is not there looks as it does without a wire: the connection ends.
            if let Ok(server) = UnixStream::connect(socket).await {
                relay(client, server, &weather).await;
            }
        });
    }
}

fn socket_of(url: &str) -> Option<std::path::PathBuf> {
    let config: tokio_postgres::Config = url.parse().ok()?;
    match config.get_hosts().first()? {
        tokio_postgres::config::Host::Unix(folder) => Some(folder.join(".s.PGSQL.5432")),
        tokio_postgres::config::Host::Tcp(_) => None,
    }
}

async fn relay(client: TcpStream, server: UnixStream, weather: &Weather) {
    let _ = client.set_nodelay(true);
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    // Once it is set, the next answer does not arrive.
    let deaf = AtomicBool::new(false);
    let answers = async {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let read = from_server.read(&mut buffer).await.unwrap_or(0);
            let cut = read == 0 || deaf.load(Ordering::SeqCst);
            if cut || to_client.write_all(&buffer[..read]).await.is_err() {
                return;
            }
        }
    };
    let questions = async {
        let _ = questions(&mut from_client, &mut to_server, weather, &deaf).await;
    };
    tokio::select! {
        () = answers => {}
        () = questions => {}
    }
}

async fn questions(
    from: &mut tokio::net::tcp::OwnedReadHalf,
    to: &mut unix::OwnedWriteHalf,
    weather: &Weather,
    deaf: &AtomicBool,
) -> io::Result<()> {
    let mut reader = Reader::default();
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        let heard = reader.hear(&buffer[..read]);
        if heard.commit && weather.strikes(Fault::CutBeforeCommit, AT_COMMIT) {
            return Ok(());
        }
        if heard.commit && weather.strikes(Fault::CutAfterCommit, AT_COMMIT) {
            deaf.store(true, Ordering::SeqCst);
        }
        let inside = reader.in_transaction && !heard.commit;
        if inside && weather.strikes(Fault::DatabaseConnectionCut, IN_TRANSACTION) {
            return Ok(());
        }
        to.write_all(&buffer[..read]).await?;
    }
}

/// Reads what goes to PostgreSQL, message by message, however it is cut into pieces.
#[derive(Default)]
struct Reader {
    unread: Vec<u8>,
    /// Whether the first message, which has no type, has passed.
    begun: bool,
    /// What prepared statements do to a transaction.
    prepared: HashMap<Vec<u8>, Step>,
    in_transaction: bool,
}

/// What a statement does to a transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Begin,
    Commit,
    Other,
}

/// What a piece held.
#[derive(Default)]
struct Heard {
    commit: bool,
}

impl Reader {
    fn hear(&mut self, piece: &[u8]) -> Heard {
        self.unread.extend_from_slice(piece);
        let mut heard = Heard::default();
        while let Some(message) = self.next() {
            if self.step(&message) == Some(Step::Commit) {
                heard.commit = true;
            }
        }
        heard
    }

    /// The next whole message, with its type byte; the first one gets a 0.
    fn next(&mut self) -> Option<Vec<u8>> {
        let head = usize::from(self.begun);
        let length = self.unread.get(head..head + 4)?;
        let length = u32::from_be_bytes(length.try_into().unwrap());
        let end = head + usize::try_from(length).unwrap();
        if self.unread.len() < end {
            return None;
        }
        let mut message: Vec<u8> = self.unread.drain(..end).collect();
        if !self.begun {
            message.insert(0, 0);
            self.begun = true;
        }
        Some(message)
    }

    fn step(&mut self, message: &[u8]) -> Option<Step> {
        let mut texts = message[5..].split(|byte| *byte == 0);
        let step = match message[0] {
            b'Q' => step_of(texts.next()?),
            b'P' => {
                let name = texts.next()?.to_vec();
                self.prepared.insert(name, step_of(texts.next()?));
                return None;
            }
            b'B' => self.prepared.get(texts.nth(1)?).copied().unwrap_or(Step::Other),
            _ => return None,
        };
        match step {
            Step::Begin => self.in_transaction = true,
            Step::Commit => self.in_transaction = false,
            Step::Other => {}
        }
        Some(step)
    }
}

fn step_of(sql: &[u8]) -> Step {
    let begins = |word: &[u8]| sql.len() >= word.len() && sql[..word.len()].eq_ignore_ascii_case(word);
    if begins(b"BEGIN") {
        Step::Begin
    } else if begins(b"COMMIT") {
        Step::Commit
    } else {
        Step::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len() + 4).unwrap();
        [&[kind], length.to_be_bytes().as_slice(), content].concat()
    }

    #[test]
    fn a_commit_is_heard_whether_prepared_or_not_and_however_it_is_cut() {
        let mut reader = Reader::default();
        reader.hear(&message(0, b"user\0postgres\0\0")[1..]);
        reader.hear(&message(b'Q', b"BEGIN\0"));
        assert!(reader.in_transaction);
        let commit = message(b'Q', b"COMMIT\0");
        assert!(!reader.hear(&commit[..7]).commit);
        assert!(reader.hear(&commit[7..]).commit);
        assert!(!reader.in_transaction);
        assert!(!reader.hear(&message(b'P', b"s1\0COMMIT\0\0\0")).commit);
        assert!(reader.hear(&message(b'B', b"\0s1\0\0\0\0\0\0\0")).commit);
    }
}
