//! The callback endpoint takes what channels send and nothing more: over real sockets, with every limit reached.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod support;

use payment_core::gateway::CallbackReply;
use payment_server::callback::NotificationReply;
use support::{Database, Server, exchange, parts, post, read_to_end, send};
use tokio::io::AsyncWriteExt;

const URL: &str = "/v1/callbacks/wechat/acme-main";

fn reply(status: u16) -> NotificationReply {
    NotificationReply::Handled(CallbackReply { status, content_type: None, body: Vec::new() })
}

async fn start(more: &str) -> Server {
    support::start(more, Database::Ready).await
}

#[tokio::test]
async fn r2_raw_bytes_arrive_and_the_channels_exact_words_go_back() {
    let mut server = start("").await;
    let body = "{\"id\": \"1\",\r\n  \"n\":1.0, \"\u{4e2d}\": null}\n";
    let request = format!(
        "POST {URL}?a=%E4%B8%AD&b HTTP/1.1\r\nHost: pay\r\nWechatpay-Nonce: one\r\nWECHATPAY-NONCE: two\r\n\
         X-Latin: caf\u{e9}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let stream = send(server.callbacks(), request).await;
    let arrived = server.arrivals.recv().await.unwrap();
    assert_eq!((arrived.channel.as_str(), arrived.account.as_str()), ("wechat", "acme-main"));
    let callback = arrived.callback;
    assert_eq!((callback.method.as_str(), callback.body.as_slice()), ("POST", body.as_bytes()));
    assert_eq!(callback.target, format!("{URL}?a=%E4%B8%AD&b"));
    let values = |name: &str| -> Vec<_> {
        callback.headers.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_slice()).collect()
    };
    assert_eq!(values("wechatpay-nonce"), [b"one", b"two"]);
    assert_eq!(values("x-latin"), ["caf\u{e9}".as_bytes()]);
    let words = CallbackReply {
        status: 401,
        content_type: Some("application/json"),
        body: b"{\"code\":\"FAIL\"}".to_vec(),
    };
    arrived.answer.send(NotificationReply::Handled(words)).unwrap();
    let answer = read_to_end(stream).await;
    assert!(answer.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{answer}");
    assert!(answer.contains("\r\ncontent-type: application/json\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n{\"code\":\"FAIL\"}"), "{answer}");
}

#[tokio::test]
async fn a_reply_without_body_has_neither_body_nor_type() {
    let mut server = start("").await;
    let stream = send(server.callbacks(), post(URL, "")).await;
    server.arrivals.recv().await.unwrap().answer.send(reply(204)).unwrap();
    let answer = read_to_end(stream).await;
    assert_eq!(parts(&answer), (204, ""));
    assert!(!answer.contains("content-type"), "{answer}");
}

#[tokio::test]
async fn r30_an_unknown_account_is_404() {
    let mut server = start("").await;
    let stream = send(server.callbacks(), post("/v1/callbacks/wechat/nobody", "{}")).await;
    server.arrivals.recv().await.unwrap().answer.send(NotificationReply::UnknownAccount).unwrap();
    assert_eq!(parts(&read_to_end(stream).await).0, 404);
}

#[tokio::test]
async fn what_is_no_notification_never_reaches_the_application() {
    let mut server = start("").await;
    let address = server.callbacks();
    for path in
        ["/", "/v1/callbacks", "/v1/callbacks/wechat", "/v1/callbacks/wechat/a/b", "/v1/callbacks/wechat/a/"]
    {
        assert_eq!(parts(&exchange(address, post(path, "{}")).await).0, 404, "{path}");
    }
    let long = format!("/v1/callbacks/wechat/{}", "a".repeat(65));
    for path in ["/v1/callbacks/WeChat/a", "/v1/callbacks/wechat/a%2Fb", "/v1/callbacks/wechat/%0a", &long] {
        assert_eq!(parts(&exchange(address, post(path, "{}")).await).0, 404, "{path}");
    }
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"] {
        let request = post(URL, "").replacen("POST", method, 1);
        let answer = exchange(address, request).await;
        assert_eq!(parts(&answer).0, 405, "{method}");
        assert!(answer.contains("\r\nallow: POST\r\n"), "{answer}");
    }
    for broken in [
        "nonsense\r\n\r\n",
        "POST\r\n\r\n",
        &post(URL, "").replacen("content-length: 0", "content-length: x", 1),
    ] {
        assert_eq!(parts(&exchange(address, broken).await).0, 400, "{broken}");
    }
    assert!(server.arrivals.try_recv().is_err());
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_whether_announced_or_not() {
    let mut server = start("body_limit_bytes = 16384").await;
    let address = server.callbacks();
    let announced = format!("POST {URL} HTTP/1.1\r\nhost: x\r\ncontent-length: 16385\r\n\r\n");
    let answer = exchange(address, announced).await;
    assert_eq!(parts(&answer).0, 413);
    assert!(answer.contains("connection: close"), "{answer}");
    let chunked = format!("POST {URL} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
    assert_eq!(parts(&exchange(address, format!("{chunked}{}", chunk.repeat(5))).await).0, 413);
    assert!(server.arrivals.try_recv().is_err());

    let stream = send(address, post(URL, &"x".repeat(16384))).await;
    let arrived = server.arrivals.recv().await.unwrap();
    assert_eq!(arrived.callback.body.len(), 16384);
    arrived.answer.send(reply(200)).unwrap();
    assert_eq!(parts(&read_to_end(stream).await).0, 200);
}

#[tokio::test]
async fn a_head_over_the_limit_is_431() {
    let server = start("header_limit_bytes = 8192").await;
    let long = format!("POST {URL} HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "x".repeat(9000));
    assert_eq!(parts(&exchange(server.callbacks(), long).await).0, 431);
    let many = format!("POST {URL} HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(101));
    assert_eq!(parts(&exchange(server.callbacks(), many).await).0, 431);
}

#[tokio::test]
async fn a_body_that_drips_is_408_at_the_deadline() {
    let mut server = start("deadline_seconds = 1").await;
    let request = format!("POST {URL} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf");
    let answer = exchange(server.callbacks(), request).await;
    assert_eq!(parts(&answer).0, 408);
    assert!(answer.contains("connection: close"), "{answer}");
    assert!(server.arrivals.try_recv().is_err());
}

#[tokio::test]
async fn a_head_that_drips_or_never_comes_loses_its_connection_at_the_deadline() {
    let server = start("deadline_seconds = 1").await;
    for slow in [format!("POST {URL} HTTP/1.1\r\nhost: x\r\nx-sl"), String::new()] {
        assert_eq!(exchange(server.callbacks(), &slow).await, "", "{slow:?}");
    }
}

#[tokio::test]
async fn a_body_that_is_broken_off_never_reaches_the_application() {
    let mut server = start("").await;
    let mut stream = send(server.callbacks(), post(URL, "whole").replacen("5", "50", 1)).await;
    stream.shutdown().await.unwrap();
    drop(read_to_end(stream).await);
    let broken = format!("POST {URL} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n");
    assert_eq!(parts(&exchange(server.callbacks(), broken).await).0, 400);
    assert!(server.arrivals.try_recv().is_err());
}

#[tokio::test]
async fn handling_over_the_deadline_is_503_and_goes_on_to_its_end() {
    let mut server = start("deadline_seconds = 1").await;
    let answer = exchange(server.callbacks(), post(URL, "{}")).await;
    assert_eq!(parts(&answer).0, 503);
    let arrived = server.arrivals.recv().await.unwrap();
    assert!(!arrived.answer.is_closed(), "the handler was dropped half-way");
    arrived.answer.send(reply(200)).unwrap();
    server.lifecycle.tasks.close();
    server.lifecycle.tasks.wait().await;
}

#[tokio::test]
async fn a_channel_that_hangs_up_does_not_stop_the_handling() {
    let mut server = start("").await;
    let stream = send(server.callbacks(), post(URL, "{}")).await;
    let arrived = server.arrivals.recv().await.unwrap();
    drop(stream);
    // Another whole exchange: by now the server has seen the hang-up.
    let other = send(server.callbacks(), post(URL, "{}")).await;
    server.arrivals.recv().await.unwrap().answer.send(reply(200)).unwrap();
    assert_eq!(parts(&read_to_end(other).await).0, 200);
    assert!(!arrived.answer.is_closed(), "the handler was dropped half-way");
    arrived.answer.send(reply(200)).unwrap();
}

#[tokio::test]
async fn a_handler_that_panics_is_500_and_harms_no_other() {
    let mut server = start("").await;
    let stream = send(server.callbacks(), post(URL, "{}")).await;
    drop(server.arrivals.recv().await.unwrap().answer);
    assert_eq!(parts(&read_to_end(stream).await).0, 500);
    let stream = send(server.callbacks(), post(URL, "{}")).await;
    server.arrivals.recv().await.unwrap().answer.send(reply(200)).unwrap();
    assert_eq!(parts(&read_to_end(stream).await).0, 200);
}

#[tokio::test]
async fn notifications_beyond_the_limit_wait_for_their_turn() {
    let mut server = start("max_concurrent = 1").await;
    let first = send(server.callbacks(), post(URL, "first")).await;
    let arrived = server.arrivals.recv().await.unwrap();
    let second = send(server.callbacks(), post(URL, "second")).await;
    // A whole exchange on a third connection: by now the second request would have arrived, had it not to wait.
    assert_eq!(parts(&exchange(server.callbacks(), post("/", "")).await).0, 404);
    assert!(server.arrivals.try_recv().is_err());
    arrived.answer.send(reply(200)).unwrap();
    assert_eq!(parts(&read_to_end(first).await).0, 200);
    server.arrivals.recv().await.unwrap().answer.send(reply(204)).unwrap();
    assert_eq!(parts(&read_to_end(second).await).0, 204);
}

#[tokio::test]
async fn r30_a_channel_that_takes_all_its_turns_keeps_no_other_waiting_and_strangers_take_none() {
    let mut server = start("max_concurrent = 4").await;
    let mut wild = Vec::new();
    for body in ["1", "2", "3"] {
        wild.push(send(server.callbacks(), post(URL, body)).await);
    }
    let two = [server.arrivals.recv().await.unwrap(), server.arrivals.recv().await.unwrap()];
    for _ in 0..4 {
        let unknown = exchange(server.callbacks(), post("/v1/callbacks/wechat/unknown", "{}")).await;
        assert_eq!(parts(&unknown).0, 404);
    }
    assert!(server.arrivals.try_recv().is_err(), "the third waits for a turn of its channel");
    let other = send(server.callbacks(), post("/v1/callbacks/alipay/acme-main", "other")).await;
    let arrived = server.arrivals.recv().await.unwrap();
    assert_eq!((arrived.channel.as_str(), arrived.callback.body.as_slice()), ("alipay", b"other".as_slice()));
    arrived.answer.send(reply(200)).unwrap();
    assert_eq!(parts(&read_to_end(other).await).0, 200);
    for arrived in two {
        arrived.answer.send(reply(200)).unwrap();
    }
    server.arrivals.recv().await.unwrap().answer.send(reply(200)).unwrap();
    for stream in wild {
        assert_eq!(parts(&read_to_end(stream).await).0, 200);
    }
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_one_to_end() {
    let mut server = start("max_connections = 1").await;
    let first = send(server.callbacks(), post(URL, "first")).await;
    let arrived = server.arrivals.recv().await.unwrap();
    let second = send(server.callbacks(), post("/", "")).await;
    arrived.answer.send(reply(200)).unwrap();
    assert_eq!(parts(&read_to_end(first).await).0, 200);
    assert_eq!(parts(&read_to_end(second).await).0, 404);
}
