//! A server starts whole or not at all, says truly whether it can serve, and ends without breaking off what was begun.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod support;

use std::{collections::BTreeMap, fs, sync::Arc};

use payment_core::gateway::CallbackReply;
use payment_server::{
    callback::NotificationReply,
    serve::{Addresses, Ended, write_ready_file},
};
use support::{Database, exchange, parts, post, read_to_end, send};
use tokio::net::{TcpListener, TcpStream};

const URL: &str = "/v1/callbacks/wechat/acme-main";

fn get(path: &str) -> String {
    post(path, "").replacen("POST", "GET", 1)
}

fn accepted() -> NotificationReply {
    NotificationReply::Handled(CallbackReply { status: 204, content_type: None, body: Vec::new() })
}

#[tokio::test]
async fn health_tells_the_truth_about_the_database() {
    for (database, code, words) in [
        (Database::Ready, 200, "ready\n"),
        (Database::Down, 503, "the database refuses connections\n"),
        (Database::Mute, 503, "the database does not answer in time\n"),
    ] {
        let server = support::start("", database).await;
        assert_eq!(parts(&exchange(server.admin(), get("/readyz")).await), (code, words));
        assert_eq!(parts(&exchange(server.admin(), get("/healthz")).await), (200, "ok\n"));
        assert_eq!(parts(&exchange(server.admin(), get("/other")).await).0, 404);
        assert_eq!(parts(&exchange(server.admin(), post("/healthz", "")).await).0, 405);
    }
}

#[tokio::test]
async fn the_end_waits_for_what_was_begun_and_takes_nothing_new() {
    let mut server = support::start("", Database::Ready).await;
    let (callbacks, admin, grpc) = (server.callbacks(), server.admin(), server.running.addresses().grpc);
    let in_flight = send(callbacks, post(URL, "{}")).await;
    let idle = TcpStream::connect(callbacks).await.unwrap();
    let arrived = server.arrivals.recv().await.unwrap();
    let draining = server.lifecycle.draining.clone();
    let ending = tokio::spawn(server.running.shutdown());
    draining.cancelled().await;
    assert_eq!(parts(&exchange(admin, get("/readyz")).await), (503, "draining\n"));
    assert_eq!(parts(&exchange(admin, get("/healthz")).await), (200, "ok\n"));
    assert_eq!(read_to_end(idle).await, "");
    assert!(!ending.is_finished(), "did not wait for the notification in flight");
    arrived.answer.send(accepted()).unwrap();
    assert_eq!(parts(&read_to_end(in_flight).await).0, 204);
    assert_eq!(ending.await.unwrap(), Ended::Complete);
    for address in [callbacks, admin, grpc] {
        assert!(TcpStream::connect(address).await.is_err(), "{address} still listens");
    }
}

#[tokio::test]
async fn the_end_waits_for_tasks_whose_callers_have_gone() {
    let server = support::start("", Database::Ready).await;
    let (finish, finished) = tokio::sync::oneshot::channel::<()>();
    let (lifecycle, done) = (server.lifecycle.clone(), Arc::new(tokio::sync::Notify::new()));
    let told = Arc::clone(&done);
    let work = tokio::spawn(async move {
        let work = async move {
            told.notify_one();
            finished.await.is_ok()
        };
        lifecycle.run_to_end(work).await
    });
    done.notified().await;
    work.abort();
    assert!(work.await.unwrap_err().is_cancelled());
    let ending = tokio::spawn(server.running.shutdown());
    server.lifecycle.draining.cancelled().await;
    assert_eq!(server.lifecycle.tasks.len(), 1);
    finish.send(()).unwrap();
    assert_eq!(ending.await.unwrap(), Ended::Complete);
    assert!(server.lifecycle.tasks.is_empty());
}

#[tokio::test]
async fn the_end_comes_when_the_grace_is_over() {
    let mut server = support::start("", Database::Ready).await;
    let _in_flight = send(server.callbacks(), post(URL, "{}")).await;
    let _arrived = server.arrivals.recv().await.unwrap();
    assert_eq!(server.running.shutdown().await, Ended::GraceExpired { unfinished: 1 });
}

#[tokio::test]
async fn an_address_that_is_taken_is_named_with_its_key() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("payment.toml");
    let text = format!(
        "[database]\nurl = \"postgres://localhost/none\"\n[grpc]\nlisten = \"127.0.0.1:0\"\n[callbacks]\n\
         listen = \"{address}\"\npublic_url = \"https://pay.example.com\"\n"
    );
    fs::write(&file, text).unwrap();
    let config = payment_server::config::Config::load(&file, &BTreeMap::new()).unwrap();
    let error = support::start_with(&config, Database::Ready).await.err().unwrap().to_string();
    assert!(error.contains(&format!("callbacks.listen = \"{address}\"")), "{error}");
    assert!(error.contains("Choose a free address"), "{error}");
}

#[tokio::test]
async fn the_ready_file_holds_the_real_addresses() {
    let server = support::start("", Database::Ready).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ready.json");
    write_ready_file(&file, &server.running.addresses()).unwrap();
    let Addresses { grpc, callbacks, admin } = server.running.addresses();
    let written: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let expected = serde_json::json!({
        "grpc": grpc.to_string(), "callbacks": callbacks.to_string(), "admin": admin.to_string(),
    });
    assert_eq!(written, expected);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something unfinished is left");
}
