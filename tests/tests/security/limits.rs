//! What strangers and callers that run wild can take: others are served all the same.

use std::{net::SocketAddr, process::Stdio, time::Duration};

use futures::future::join_all;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use payment_proto::v1::{
    CreatePaymentRequest, GetPaymentRequest, PaymentState, WatchPaymentRequest,
    payment_service_client::PaymentServiceClient,
};
use payment_tests::{
    app::{MERCHANT, OTHER_MERCHANT, TestApp, connect},
    refusal::Refusal,
    requests::app_payment,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    process::Command,
    task::JoinHandle,
    time::timeout,
};
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt as _;

/// As long as a busy machine may need.
const PATIENCE: Duration = Duration::from_secs(120);

/// Connections of one stranger.
const IDLE: u64 = 10_000;

async fn read(app: &TestApp, merchant: &str, channel: Channel, payment_no: &str) -> Result<(), Status> {
    let mut payments = PaymentServiceClient::with_interceptor(channel, app.key(merchant));
    payments.get_payment(GetPaymentRequest { payment_no: payment_no.to_owned() }).await.map(drop)
}

/// Waits until the server has closed the connection.
async fn closed(stream: &mut TcpStream) {
    let mut bytes = [0; 64];
    let end = timeout(PATIENCE, async { while stream.read(&mut bytes).await.is_ok_and(|read| read > 0) {} });
    end.await.expect("the server never closed the connection");
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_connections_that_say_nothing_or_say_it_slowly_are_closed() {
    let app = TestApp::start().await;
    let replica = app.replica_with(&[("GRPC__HEADER_TIMEOUT_SECONDS", "1")]).await;
    let address = replica.addresses().grpc;
    let payment_no = app.open("r-1", "A", 100).await;
    let [mut silent, mut slow, mut other] = [
        TcpStream::connect(address).await.unwrap(),
        TcpStream::connect(address).await.unwrap(),
        TcpStream::connect(address).await.unwrap(),
    ];
    slow.write_all(b"PRI * HTT").await.unwrap();
    other.write_all(b"GET / HTTP/1.1\r\nhost: pay.internal\r\n\r\n").await.unwrap();
    for stream in [&mut silent, &mut slow, &mut other] {
        closed(stream).await;
    }
    read(&app, MERCHANT, connect(address).await, &payment_no).await.unwrap();
    replica.shutdown().await;
    app.finish().await;
}

/// A connection whose other end speaks HTTP/2 well, answers pings, and shows no key.
async fn stranger(address: SocketAddr) -> JoinHandle<Result<(), h2::Error>> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(async move {
        let _open = client;
        connection.await
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_who_shows_no_key_keeps_no_place_and_who_did_keeps_theirs() {
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A", 100).await;
    let limits = [("GRPC__MAX_CONNECTIONS", "2"), ("GRPC__FIRST_CALL_TIMEOUT_SECONDS", "1")];
    let replica = app.replica_with(&limits).await;
    let address = replica.addresses().grpc;
    let known = connect(address).await;
    read(&app, MERCHANT, known.clone(), &payment_no).await.unwrap();
    let mut payments = PaymentServiceClient::with_interceptor(known, app.key(MERCHANT));
    let request = WatchPaymentRequest { payment_no: payment_no.clone() };
    let mut watched = payments.watch_payment(request).await.unwrap().into_inner();
    assert_eq!(watched.message().await.unwrap().unwrap().payment.unwrap().payment_no, payment_no);
    // There is a place for one more, so the second gets its own once the first has lost it.
    for stranger in [stranger(address).await, stranger(address).await] {
        // It holds its own end open, so the end is the server's, in order or not.
        drop(timeout(PATIENCE, stranger).await.expect("it is closed in time").unwrap());
    }
    // Older than both strangers came to be, and in use.
    app.pay(&payment_no).await;
    let paid = timeout(PATIENCE, watched.message()).await.unwrap().unwrap().unwrap().payment.unwrap();
    assert_eq!(paid.state(), PaymentState::Succeeded);
    drop(watched);
    replica.shutdown().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_a_connection_may_have_so_many_calls_at_a_time_and_no_more() {
    let app = TestApp::start().await;
    let replica = app.replica_with(&[("GRPC__MAX_CONCURRENT_STREAMS", "3")]).await;
    let stream = TcpStream::connect(replica.addresses().grpc).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let ready = timeout(PATIENCE, client.ready()).await.unwrap().unwrap();
    timeout(PATIENCE, async {
        while ready.current_max_send_streams() != 3 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the server tells its limit");
    drop(ready);
    connection.await.unwrap().unwrap();
    replica.shutdown().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_slow_heads_of_callbacks_are_closed() {
    let app = TestApp::start().await;
    let replica = app.replica_with(&[("CALLBACKS__DEADLINE_SECONDS", "1")]).await;
    let mut slow = TcpStream::connect(replica.addresses().callbacks).await.unwrap();
    slow.write_all(b"POST /v1/callbacks/wechat/acme-wechat HTTP/1.1\r\nhost: pay").await.unwrap();
    closed(&mut slow).await;
    replica.shutdown().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_a_message_that_is_too_large_is_refused_with_a_reason() {
    let app = TestApp::start().await;
    let large = CreatePaymentRequest { description: "x".repeat(2 << 20), ..app_payment("r-1", "A", 100) };
    let refused = app.payments().create_payment(large).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).kind(), (Code::ResourceExhausted, "MESSAGE_TOO_LARGE"));
    app.open("r-2", "A", 100).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_a_merchant_that_runs_wild_is_refused_and_others_are_not() {
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A", 100).await;
    let rate = [("MERCHANTS__ACME__CALLS_PER_SECOND", "1"), ("MERCHANTS__ACME__CALLS_BURST", "3")];
    let replica = app.replica_with(&rate).await;
    let channel = connect(replica.addresses().grpc).await;
    let calls = |merchant| {
        let read = |_| read(&app, merchant, channel.clone(), &payment_no);
        join_all((0..50).map(read))
    };
    let (wild, others) = futures::join!(calls(MERCHANT), calls(OTHER_MERCHANT));
    let refused: Vec<_> = wild.iter().filter_map(|call| call.as_ref().err()).collect();
    assert!(wild.iter().filter(|call| call.is_ok()).count() >= 3, "the burst passes");
    assert!(!refused.is_empty(), "50 at once do not");
    for refused in refused {
        assert_eq!(Refusal::of(refused).kind(), (Code::ResourceExhausted, "RATE_EXCEEDED"));
        assert!(refused.get_details_retry_info().unwrap().retry_delay.unwrap() > Duration::ZERO);
    }
    for call in others {
        assert_eq!(Refusal::of(&call.unwrap_err()).kind(), (Code::NotFound, "PAYMENT_NOT_FOUND"));
    }
    replica.shutdown().await;
    app.finish().await;
}

/// Kilobytes of memory that this process holds.
pub(super) fn resident_kilobytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Lets this process open so many files, or as many as it may, and tells how many that are.
pub(super) fn raise_file_limit(wanted: u64) -> u64 {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    if setrlimit(Resource::RLIMIT_NOFILE, wanted, wanted.max(hard)).is_err() {
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
    }
    getrlimit(Resource::RLIMIT_NOFILE).unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_ten_thousand_idle_connections_leave_room_for_a_call() {
    let files = raise_file_limit(20_000);
    assert!(files > IDLE + 2000, "this system lets a process open {files} files only");
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A", 100).await;
    let limits = [("GRPC__MAX_CONNECTIONS", "20000"), ("GRPC__FIRST_CALL_TIMEOUT_SECONDS", "3600")];
    let replica = app.replica_with(&limits).await;
    let address = replica.addresses().grpc;
    let before = resident_kilobytes();
    let mut strangers = Command::new(env!("CARGO_BIN_EXE_idle_connections"))
        .args([address.to_string(), IDLE.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut said = String::new();
    let told = BufReader::new(strangers.stdout.take().unwrap());
    timeout(PATIENCE, { told }.read_line(&mut said)).await.expect("they open in time").unwrap();
    assert_eq!(said, "open\n");
    let each = (resident_kilobytes() - before) / IDLE;
    println!("{IDLE} idle connections: {each} KiB each");
    read(&app, MERCHANT, connect(address).await, &payment_no).await.unwrap();
    assert!(each < 64, "{each} KiB for each idle connection");
    drop(strangers.stdin.take());
    strangers.wait().await.unwrap();
    replica.shutdown().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_a_connection_that_opens_and_resets_calls_by_the_thousand_is_ended_and_others_are_not() {
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A", 100).await;
    let address = app.grpc_address();
    let stream = TcpStream::connect(address).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut opened = 0;
    let wild = timeout(PATIENCE, async {
        while let Ok(mut ready) = client.clone().ready().await {
            let request = http::Request::post("http://pay.internal/payment.v1.PaymentService/WatchPayment")
                .header("content-type", "application/grpc")
                .body(())
                .unwrap();
            let Ok((_, mut body)) = ready.send_request(request, false) else { break };
            body.send_reset(h2::Reason::CANCEL);
            opened += 1;
            if opened % 100 == 0 {
                tokio::task::yield_now().await;
            }
            if opened >= 100_000 {
                break;
            }
        }
    });
    wild.await.expect("the server ends it in time");
    println!("ended after {opened} calls that were reset");
    assert!((1..100_000).contains(&opened), "{opened}");
    assert!(timeout(PATIENCE, connection).await.expect("an end").unwrap().is_err());
    read(&app, MERCHANT, connect(address).await, &payment_no).await.unwrap();
    app.finish().await;
}
