//! What the HTTP port sends and concludes, over real sockets (R5): only a connection that was never made proves that
//! nothing was sent.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

use std::{net::SocketAddr, time::Duration};

use payment_core::ports::{Http, HttpError, HttpMethod, HttpRequest, HttpResponse};
use payment_server::{config::ChannelHttp, ports::ReqwestHttp};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use url::Url;

const RESPONSE_LIMIT: usize = 1000;

/// What a peer does after it has written its answer.
#[derive(Clone, Copy)]
enum Then {
    Close,
    StayOpen,
}

/// A server that answers every request with the same bytes and tells what it was asked.
struct Peer {
    address: SocketAddr,
    requests: mpsc::UnboundedReceiver<String>,
}

async fn peer(answer: impl Into<Vec<u8>>, then: Then) -> Peer {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, requests) = mpsc::unbounded_channel();
    let answer = answer.into();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(stream, answer.clone(), then, sender.clone()));
        }
    });
    Peer { address, requests }
}

async fn converse(mut stream: TcpStream, answer: Vec<u8>, then: Then, sender: mpsc::UnboundedSender<String>) {
    while let Some(request) = read_request(&mut stream).await {
        drop(sender.send(request));
        drop(stream.write_all(&answer).await);
        match then {
            Then::Close => return,
            Then::StayOpen => {}
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map(str::parse);
            if body.len() >= length.map_or(0, Result::unwrap) {
                return Some(text);
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

fn port(proxy: Option<Url>) -> ReqwestHttp {
    let connect_timeout = Duration::from_millis(300);
    ReqwestHttp::new(&ChannelHttp { connect_timeout, response_limit: RESPONSE_LIMIT, proxy }).unwrap()
}

fn get(url: &str) -> HttpRequest {
    HttpRequest {
        method: HttpMethod::Get,
        url: url.parse().unwrap(),
        headers: vec![("user-agent", "payment-server".to_owned())],
        body: Vec::new(),
        timeout: Duration::from_secs(1),
    }
}

async fn answer_of(answer: &[u8], then: Then) -> Result<HttpResponse, HttpError> {
    let peer = peer(answer, then).await;
    port(None).send(get(&format!("http://{}/", peer.address))).await
}

#[track_caller]
fn assert_not_sent(result: Result<HttpResponse, HttpError>) {
    assert!(matches!(result, Err(HttpError::NotSent(_))), "{result:?}");
}

#[track_caller]
fn assert_unknown(result: Result<HttpResponse, HttpError>) {
    assert!(matches!(result, Err(HttpError::Unknown(_))), "{result:?}");
}

#[tokio::test]
async fn r5_a_refused_connection_is_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let result = port(None).send(get(&format!("http://{address}/secret?token=abc"))).await;
    assert!(!format!("{result:?}").contains("abc"), "R29: {result:?}");
    assert_not_sent(result);
}

#[tokio::test]
async fn r5_a_tls_handshake_that_fails_or_never_ends_is_not_sent() {
    let plain = peer("HTTP/1.1 400 Bad Request\r\n\r\n", Then::Close).await;
    // This one accepts and says nothing.
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    for address in [plain.address, mute.local_addr().unwrap()] {
        assert_not_sent(port(None).send(get(&format!("https://{address}/"))).await);
    }
}

#[tokio::test]
async fn r5_a_connection_closed_after_the_request_is_unknown_and_not_repeated() {
    let mut peer = peer("", Then::Close).await;
    assert_unknown(port(None).send(get(&format!("http://{}/", peer.address))).await);
    assert!(peer.requests.recv().await.is_some());
    assert!(peer.requests.try_recv().is_err(), "the request was repeated");
}

#[tokio::test]
async fn r5_no_answer_in_time_is_unknown() {
    assert_unknown(answer_of(b"", Then::StayOpen).await);
    assert_unknown(answer_of(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf", Then::StayOpen).await);
}

#[tokio::test]
async fn r5_a_cut_answer_is_unknown() {
    assert_unknown(answer_of(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf", Then::Close).await);
    assert_unknown(answer_of(b"no HTTP at all\r\n\r\n", Then::Close).await);
}

#[tokio::test]
async fn an_answer_longer_than_the_limit_is_unknown() {
    let answer = |length: usize| {
        format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{}", "x".repeat(length)).into_bytes()
    };
    assert_unknown(answer_of(&answer(RESPONSE_LIMIT + 1), Then::StayOpen).await);
    let longest = answer_of(&answer(RESPONSE_LIMIT), Then::StayOpen).await.unwrap();
    assert_eq!(longest.body.len(), RESPONSE_LIMIT);
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(RESPONSE_LIMIT + 1));
    assert_unknown(answer_of(endless.as_bytes(), Then::StayOpen).await);
}

#[tokio::test]
async fn a_head_without_end_is_unknown() {
    let head = format!("HTTP/1.1 200 OK\r\nx-long: {}", "x".repeat(1_000_000));
    assert_unknown(answer_of(head.as_bytes(), Then::StayOpen).await);
}

#[tokio::test]
async fn redirects_are_answers_and_are_not_followed() {
    let mut elsewhere = peer("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Then::StayOpen).await;
    let location = format!("http://{}/", elsewhere.address);
    let answer =
        format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
    let response = answer_of(answer.as_bytes(), Then::StayOpen).await.unwrap();
    assert_eq!((response.status, response.header("location")), (307, Some(location.as_str())));
    assert!(elsewhere.requests.try_recv().is_err());
}

#[tokio::test]
async fn exactly_what_was_signed_is_sent() {
    let answer = "HTTP/1.1 200 OK\r\nset-cookie: a=b\r\nX-Mixed: Value\r\ncontent-length: 0\r\n\r\n";
    let mut peer = peer(answer, Then::StayOpen).await;
    let http = port(None);
    let body = "{\"a\": 1.0,\r\n \"b\":\"\u{4e2d}\"}";
    for _ in 0..2 {
        let mut request = get(&format!("http://{}/v3/pay%2Fx?b=2&a=%E4%B8%AD", peer.address));
        request.method = HttpMethod::Post;
        request.headers.push(("authorization", "WECHATPAY2-SHA256-RSA2048 mchid=\"1\"".to_owned()));
        request.body = body.as_bytes().to_vec();
        let response = http.send(request).await.unwrap();
        assert_eq!(response.header("x-mixed"), Some("Value"));
        let seen = peer.requests.recv().await.unwrap();
        let (head, sent) = seen.split_once("\r\n\r\n").unwrap();
        assert_eq!(sent, body);
        let mut lines: Vec<_> = head.lines().collect();
        assert_eq!(lines.remove(0), "POST /v3/pay%2Fx?b=2&a=%E4%B8%AD HTTP/1.1");
        lines.sort_unstable();
        let length = format!("content-length: {}", body.len());
        let host = format!("host: {}", peer.address);
        let authorization = "authorization: WECHATPAY2-SHA256-RSA2048 mchid=\"1\"";
        assert_eq!(lines, ["accept: */*", authorization, &length, &host, "user-agent: payment-server"]);
    }
}

#[tokio::test]
async fn a_read_has_no_body_and_an_empty_write_has_a_length() {
    let mut peer = peer("HTTP/1.1 204 No Content\r\n\r\n", Then::StayOpen).await;
    let mut request = get(&format!("http://{}/", peer.address));
    assert_eq!(port(None).send(request.clone()).await.unwrap().status, 204);
    assert!(!peer.requests.recv().await.unwrap().contains("content-length"));
    request.method = HttpMethod::Post;
    assert_eq!(port(None).send(request).await.unwrap().status, 204);
    assert!(peer.requests.recv().await.unwrap().contains("content-length: 0"));
}

#[tokio::test]
async fn f44_compressed_answers_stay_as_they_are_signed() {
    let answer = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1f\x8b\x08\x00";
    let response = answer_of(answer, Then::StayOpen).await.unwrap();
    assert_eq!(response.body, b"\x1f\x8b\x08\x00");
    assert_eq!(response.header("content-encoding"), Some("gzip"));
}

#[tokio::test]
async fn a_proxy_is_used_if_it_is_configured() {
    let mut proxy = peer("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Then::StayOpen).await;
    let http = port(Some(format!("http://{}", proxy.address).parse().unwrap()));
    assert_eq!(http.send(get("http://channel.invalid/path")).await.unwrap().status, 200);
    assert!(proxy.requests.recv().await.unwrap().starts_with("GET http://channel.invalid/path HTTP/1.1\r\n"));
}
