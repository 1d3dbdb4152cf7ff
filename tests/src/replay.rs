//! Requests to the callback endpoint byte by byte: real ones taken from the inbox, to be changed and sent again.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_postgres::Client;

use crate::app::TestApp;

/// An HTTP request before it is written.
#[derive(Debug, Clone)]
pub struct RawRequest {
    /// Path and query.
    pub target: String,
    /// Headers in order, in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

impl RawRequest {
    /// Without the headers of this name.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(header, _)| header != name);
        self
    }

    /// With one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &[u8]) -> Self {
        self.headers.push((name.to_owned(), value.to_vec()));
        self
    }

    /// The header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Vec<u8> {
        self.headers.iter().find(|(header, _)| header == name).unwrap().1.clone()
    }

    /// Sends it over a connection of its own and gives the status.
    pub async fn send(&self, address: SocketAddr) -> u16 {
        let mut bytes =
            format!("POST {} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n", self.target).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(&[name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", self.body.len()).as_bytes());
        bytes.extend_from_slice(&self.body);
        status(&exchange(address, &bytes).await)
    }
}

/// Writes bytes to an address and reads until the peer hangs up. A peer that hangs up early is no failure of the test.
pub async fn exchange(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    answer
}

/// The status of an HTTP/1.1 answer.
#[must_use]
pub fn status(answer: &[u8]) -> u16 {
    let text = String::from_utf8_lossy(answer);
    let word = text.split(' ').nth(1);
    word.and_then(|word| word.parse().ok()).unwrap_or_else(|| panic!("no HTTP answer: {text}"))
}

/// The newest notification about a payment exactly as it came. Its connection's own headers are left out.
pub async fn received(database: &Client, payment_no: &str) -> RawRequest {
    let sql =
        "SELECT target, headers, body FROM notification WHERE payment_no = $1 ORDER BY notification_id DESC";
    let row = database.query(sql, &[&payment_no]).await.unwrap().into_iter().next().unwrap();
    let lines: Vec<u8> = row.get(1);
    let headers = lines.split(|byte| *byte == b'\n').filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = String::from_utf8(line[..colon].to_vec()).unwrap();
        Some((name, line[colon + 2..].to_vec()))
    });
    let of_connection = ["host", "connection", "content-length"];
    RawRequest {
        target: row.get(0),
        headers: headers.filter(|(name, _)| !of_connection.contains(&name.as_str())).collect(),
        body: row.get(2),
    }
}

impl TestApp {
    /// The newest notification about a payment: [`received`].
    pub async fn received(&self, payment_no: &str) -> RawRequest {
        received(&self.observer, payment_no).await
    }
}
