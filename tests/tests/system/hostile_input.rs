//! Bytes that nobody should send: at the gRPC port, in gRPC messages, at the callback endpoint.

use bytes::{Buf as _, BufMut as _, Bytes};
use payment_proto::v1;
use payment_tests::{
    app::{ACCOUNT, MERCHANT, TestApp},
    refusal::Refusal,
    replay::{RawRequest, exchange},
    requests::{app_payment, payment_no},
};
use prost::Message as _;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tonic::{
    Code, Request, Status,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    service::Interceptor as _,
};

/// Sends bytes as they are, whatever message the service expects.
#[derive(Clone, Copy, Default)]
struct RawCodec;

impl Codec for RawCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&item);
        Ok(())
    }
}

impl Decoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

async fn call(app: &TestApp, path: &'static str, message: Vec<u8>) -> Result<(), Status> {
    let mut client = tonic::client::Grpc::new(app.channel());
    client.ready().await.unwrap();
    let keyed = app.key(MERCHANT).call(Request::new(())).unwrap();
    let (metadata, ..) = keyed.into_parts();
    let request = Request::from_parts(metadata, Default::default(), Bytes::from(message));
    client.unary(request, path.parse().unwrap(), RawCodec).await.map(drop)
}

/// One of the ways in which bytes go wrong.
fn spoilt(chance: &mut StdRng, good: &[u8]) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for _ in 0..chance.random_range(1..4) {
        let at = chance.random_range(0..=bytes.len());
        match chance.random_range(0..5) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, chance.random()),
            2 => {
                let other: Vec<u8> = (0..chance.random_range(0..64)).map(|_| chance.random()).collect();
                bytes.splice(at..at, other);
            }
            3 => bytes.extend_from_slice(&good[..at.min(good.len())]),
            _ => match bytes.get_mut(at) {
                Some(byte) => *byte ^= 1 << chance.random_range(0..8),
                None => bytes.clear(),
            },
        }
    }
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn spoilt_messages_are_refused_with_a_reason_and_never_end_in_a_defect() {
    let app = TestApp::start().await;
    let number = payment_no(&app.create(app_payment("r-1", "A", 100)).await);
    let mut create = app_payment("r-2", "B", 100);
    create.time_to_pay = Some(prost_types::Duration { seconds: 600, nanos: 0 });
    create.payer_client_ip = "192.0.2.1".to_owned();
    let raw = v1::HandleNotificationRequest {
        channel: "wechat".to_owned(),
        channel_account: ACCOUNT.to_owned(),
        method: "POST".to_owned(),
        target: format!("/v1/callbacks/wechat/{ACCOUNT}"),
        headers: vec![v1::HttpHeader { name: "wechatpay-serial".to_owned(), value: b"x".to_vec() }],
        body: b"{}".to_vec(),
    };
    let list = v1::ListPaymentsRequest {
        page_size: 5,
        states: vec![1, 2],
        create_time_from: Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 5 }),
        ..Default::default()
    };
    let confirm = v1::ConfirmPaymentRequest {
        payment_no: number.clone(),
        result: 2,
        sdk_result: b"{\"errCode\":-2}".to_vec(),
    };
    let table = [
        ("/payment.v1.PaymentService/CreatePayment", create.encode_to_vec()),
        (
            "/payment.v1.PaymentService/GetPayment",
            v1::GetPaymentRequest { payment_no: number.clone() }.encode_to_vec(),
        ),
        ("/payment.v1.PaymentService/ListPayments", list.encode_to_vec()),
        ("/payment.v1.PaymentService/ConfirmPayment", confirm.encode_to_vec()),
        (
            "/payment.v1.PaymentService/SyncPayment",
            v1::SyncPaymentRequest { payment_no: number }.encode_to_vec(),
        ),
        (
            "/payment.v1.OrderService/GetOrder",
            v1::GetOrderRequest { order_no: "A".to_owned() }.encode_to_vec(),
        ),
        ("/payment.v1.NotificationService/HandleNotification", raw.encode_to_vec()),
    ];
    let mut chance = StdRng::seed_from_u64(20_261_123);
    let mut malformed = 0;
    for (path, good) in table {
        call(&app, path, good.clone()).await.unwrap_or_else(|status| panic!("{path}: {status:?}"));
        for _ in 0..120 {
            let message = spoilt(&mut chance, &good);
            if let Err(status) = call(&app, path, message.clone()).await {
                let refusal = Refusal::of(&status);
                let ours = matches!(
                    refusal.code,
                    Code::Internal | Code::Unknown | Code::DataLoss | Code::Unavailable
                );
                assert!(!ours, "{path} {message:?}: {refusal:?}");
                malformed += usize::from(refusal.reason == "MESSAGE_MALFORMED");
            }
        }
    }
    assert!(malformed > 100, "{malformed}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_at_the_ports_ends_connections_and_nothing_else() {
    let app = TestApp::start().await;
    let mut chance = StdRng::seed_from_u64(42);
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    for round in 0..60 {
        let mut bytes: Vec<u8> = (0..chance.random_range(1..400)).map(|_| chance.random()).collect();
        if round % 2 == 0 {
            bytes.splice(0..0, preface.iter().copied());
        }
        // A frame that announces more than it brings would be waited for: these are cut off by hanging up.
        let garbage = bytes.clone();
        let address = if round % 3 == 0 { app.callback_address() } else { app.grpc_address() };
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, &garbage).await;
        drop(stream);
    }
    for head in [
        "GET /v1/callbacks/wechat/acme-wechat HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        "POST /v1/callbacks/wechat/acme-wechat HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n",
        "POST /v1/callbacks/wechat/acme-wechat HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        "POST /v1/callbacks/wechat/acme-wechat HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        "POST /v1/callbacks/wechat/%ff%00 HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        "BREW /pot HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    ] {
        let status = payment_tests::replay::status(&exchange(app.callback_address(), head.as_bytes()).await);
        assert!((400..500).contains(&status), "{head}: {status}");
    }
    assert_eq!(app.number("SELECT count(*) FROM notification").await, 0);
    let payment_no = app.open("r-1", "A", 100).await;
    app.pay(&payment_no).await;
    assert_eq!(app.state(&payment_no).await, v1::PaymentState::Succeeded);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r02_random_callbacks_get_4xx_and_leave_nothing_but_inbox_rows() {
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A", 100).await;
    app.pay_unheard(&payment_no).await;
    app.wechat().resend_notification(app.mchid(), &payment_no, 1).await.unwrap();
    let real = app.received(&payment_no).await;
    let before = app.texts("SELECT state || revision FROM payment").await;
    let mut chance = StdRng::seed_from_u64(7);
    for _ in 0..300 {
        let mut changed = real.clone();
        while (&changed.headers, &changed.body) == (&real.headers, &real.body) {
            changed = spoilt_callback(&mut chance, &real);
        }
        let status = changed.send(app.callback_address()).await;
        assert!((400..500).contains(&status), "{status}: {changed:?}");
    }
    assert_eq!(app.number("SELECT count(*) FROM notification WHERE verdict = 'REJECTED'").await, 300);
    assert_eq!(app.number("SELECT count(*) FROM notification").await, 301);
    assert_eq!(app.texts("SELECT state || revision FROM payment").await, before);
    assert!(app.cases().await.is_empty());
    app.finish().await;
}

/// Body or a signature header spoilt; what stays is a request that HTTP itself admits.
fn spoilt_callback(chance: &mut StdRng, real: &RawRequest) -> RawRequest {
    let mut changed = real.clone();
    if chance.random() {
        changed.body = spoilt(chance, &real.body);
    } else {
        let signed = ["wechatpay-timestamp", "wechatpay-nonce", "wechatpay-signature", "wechatpay-serial"];
        let name = signed[chance.random_range(0..4)];
        let mut value = spoilt(chance, &real.header(name));
        value.retain(|byte| byte.is_ascii_graphic() || *byte >= 0x80);
        changed = changed.without(name).with(name, &value);
        changed.headers.sort();
        let mut sorted = real.headers.clone();
        sorted.sort();
        if changed.headers == sorted {
            changed.body.push(b' ');
        }
    }
    changed
}
