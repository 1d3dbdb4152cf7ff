//! One log line for each notification, without anything of the notification in it (R29).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod support;

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use payment_core::gateway::CallbackReply;
use payment_server::callback::NotificationReply;
use support::{Database, post, read_to_end, send};
use tracing::{Level, subscriber::set_default};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn r29_one_line_for_each_call_and_nothing_of_its_content() {
    let captured = Captured::default();
    // The tests' runtime has one thread, so every task's lines come here.
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_max_level(Level::TRACE)
        .with_writer(captured.clone())
        .finish();
    let _guard = set_default(subscriber);
    let mut server = support::start("", Database::Ready).await;
    let secrets = ["secret-signature", "payer-openid", "secret-query", "secret-path"];
    let head = "wechatpay-signature: secret-signature\r\nconnection: close";
    let request = post("/v1/callbacks/wechat/acme-main?q=secret-query", "{\"openid\":\"payer-openid\"}")
        .replacen("connection: close", head, 1);
    let stream = send(server.callbacks(), request).await;
    let answer = CallbackReply { status: 200, content_type: None, body: Vec::new() };
    let arrived = server.arrivals.recv().await.unwrap();
    arrived.answer.send(NotificationReply::Handled(answer)).unwrap();
    read_to_end(stream).await;
    read_to_end(send(server.callbacks(), post("/v1/callbacks/wechat/Secret%20secret-path", "{}")).await)
        .await;

    let log = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &serde_json::Value| line["target"].as_str().unwrap().starts_with("payment_server"))
        .collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert_eq!(lines[0]["channel.name"], "wechat");
    assert_eq!(lines[0]["channel.account"], "acme-main");
    assert_eq!((&lines[0]["http.status"], &lines[0]["outcome"]), (&200.into(), &"REPLIED".into()));
    assert!(lines[0]["duration_ms"].is_u64());
    assert_eq!((&lines[1]["http.status"], &lines[1]["outcome"]), (&404.into(), &"UNKNOWN_ACCOUNT".into()));
    for line in &lines {
        assert!(secrets.iter().all(|secret| !line.to_string().contains(secret)), "{line}");
    }
}
