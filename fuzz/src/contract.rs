//! The contract: the messages of every RPC as they come over the wire, to the server's own routes. There is no database behind
//! them, so what is decoded and admitted ends there; no message may end in a defect of ours.

use std::sync::{Arc, LazyLock};

use bytes::{BufMut as _, BytesMut};
use http::{Request, header::AUTHORIZATION};
use http_body_util::Full;
use payment_proto::FILE_DESCRIPTOR_SET;
use payment_server::{
    app::{Notifications, api_keys::KeyDesk},
    assemble,
    channels::{Accounts, ChannelRegistry},
    config::{Config, GeneratedApiKey},
    grpc::{self, RateLimits, Services},
    key_ring::KeyRing,
    lifecycle::Lifecycle,
    metrics::Metrics,
    ports::SystemRandomness,
};
use prost::Message as _;
use prost_reflect::{
    Cardinality, DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value,
};
use secrecy::ExposeSecret as _;
use tokio::runtime::{Builder, Runtime};
use tonic::{Code, Status, body::Body, service::Routes};
use tower::ServiceExt as _;

use crate::{
    input,
    question::PAYMENT_NO,
    wechat,
    world::{in_turn, ports},
};

/// A server without listeners.
struct Server {
    runtime: Runtime,
    routes: Routes,
    merchant: String,
    operator: String,
}

static SERVER: LazyLock<Server> = LazyLock::new(Server::new);

impl Server {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (merchant, operator) =
            (GeneratedApiKey::new(&SystemRandomness), GeneratedApiKey::new(&SystemRandomness));
        let config = configuration(&merchant, &operator);
        let routes = runtime.block_on(routes(&config));
        let bearer = |key: GeneratedApiKey| format!("Bearer {}", key.key.expose_secret());
        Self { runtime, routes, merchant: bearer(merchant), operator: bearer(operator) }
    }

    /// What the call of an RPC with this message ends with; none if its answer began well.
    fn call(&self, path: &str, message: &[u8]) -> Option<Status> {
        let mut frame = BytesMut::new();
        frame.put_u8(0);
        frame.put_u32(u32::try_from(message.len()).expect("a short message"));
        frame.put_slice(message);
        let operates =
            ["/payment.v1.OperatorService/", "/payment.v1.ApiKeyService/", "/payment.v1.WebhookService/"];
        let operates = operates.iter().any(|service| path.starts_with(service));
        let request = Request::post(path)
            .header("content-type", "application/grpc")
            .header(AUTHORIZATION, if operates { &self.operator } else { &self.merchant })
            .body(Body::new(Full::new(frame.freeze())));
        let Ok(request) = request else { return None };
        let answer = self.runtime.block_on(self.routes.clone().oneshot(request));
        Status::from_header_map(answer.expect("an answer").headers())
    }
}

fn configuration(merchant: &GeneratedApiKey, operator: &GeneratedApiKey) -> Config {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.toml");
    let (merchant, operator, accounts) = (&merchant.hash, &operator.hash, wechat::account_section());
    // Nobody listens at port 1: what needs the records is refused for now.
    let text = format!(
        "[database]\nurl = \"postgres://nobody@127.0.0.1:1/none\"\ntls = \"disabled\"\nacquire_timeout_seconds = 1\n\
         [grpc]\ncalls_per_second = 1000000\ncalls_burst = 1000000\n\
         [callbacks]\npublic_url = \"http://127.0.0.1:8080\"\nallow_insecure = true\n\
         [merchants.acme]\napi_keys = [{{ id = \"k\", sha256 = \"{merchant}\", scopes = [\"pay\", \"refund\", \"read\"] }}]\n\
         {accounts}\n[operators.alice]\nmerchants = \"all\"\napi_keys = [{{ id = \"k\", sha256 = \"{operator}\" }}]\n"
    );
    std::fs::write(&path, text).expect("a file");
    Config::load(&path, &std::collections::BTreeMap::new()).unwrap_or_else(|error| panic!("{error}"))
}

async fn routes(config: &Config) -> Routes {
    let ports = ports(in_turn([]));
    let lifecycle = Lifecycle::default();
    let registry = ChannelRegistry::with_builtin().expect("channels");
    let app = assemble::app(config, &registry, &ports, lifecycle.clone()).await.expect("an application");
    let accounts: Accounts =
        registry.open(config, &ports, &Arc::new(Metrics::new())).await.expect("accounts");
    let store = assemble::store(config, &ports).expect("an address");
    let ring = KeyRing::new(config, store.clone(), Arc::clone(&ports.clock));
    let services = Services {
        notifications: Arc::new(Notifications(Arc::clone(&app))),
        app,
        accounts: Arc::new(accounts),
        keys: Arc::clone(&ring) as _,
        rates: RateLimits::new(config),
        key_desk: KeyDesk {
            store,
            ring,
            clock: ports.clock,
            randomness: ports.randomness,
            lifecycle: lifecycle.clone(),
        },
        lifecycle,
        max_event_streams: config.events.max_streams,
    };
    grpc::routes(services, &config.grpc, &config.callbacks).await.expect("the contract").0
}

/// An RPC as `Service/Method` in the first line, and the bytes of its message.
pub fn run(data: &[u8]) {
    if let Some((code, message)) = read(data) {
        let ours = matches!(code, Code::Internal | Code::Unknown | Code::DataLoss);
        assert!(!ours, "a defect of ours: {code:?}: {message}");
    }
}

/// The code and the message of what the call ends with; none if its answer began well, or for bytes that are no input.
#[must_use]
pub fn read(data: &[u8]) -> Option<(Code, String)> {
    let (rpc, message) = input::line(data)?;
    let status = SERVER.call(&format!("/payment.v1.{rpc}"), message)?;
    Some((status.code(), status.message().to_owned()))
}

/// Where [`run`] begins: for each RPC a message in which every field stands, as often as its choices need.
#[must_use]
pub fn seeds() -> Vec<(String, Vec<u8>)> {
    let contract = DescriptorPool::decode(FILE_DESCRIPTOR_SET).expect("the contract");
    let mut seeds = Vec::new();
    for service in contract.services() {
        for method in service.methods() {
            let choices = method.input().oneofs().map(|choice| choice.fields().count()).max().unwrap_or(1);
            for choice in 0..choices {
                let head = format!("{}/{}\n", service.name(), method.name());
                let message = filled(&method.input(), choice, 0).encode_to_vec();
                seeds.push((format!("{}-{choice}", method.name()), [head.as_bytes(), &message].concat()));
            }
        }
    }
    seeds
}

/// A message in which every field stands; of each choice one, by number as far as there are so many.
fn filled(descriptor: &MessageDescriptor, choice: usize, depth: usize) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    for field in descriptor.fields() {
        let chosen = field.containing_oneof().is_none_or(|oneof| {
            let fields: Vec<_> = oneof.fields().collect();
            fields[choice.min(fields.len() - 1)] == field
        });
        // Values within values have no end.
        if chosen && depth < 5 && field.name() != "page_token" {
            message.set_field(&field, value_of(&field, choice, depth));
        }
    }
    message
}

fn value_of(field: &FieldDescriptor, choice: usize, depth: usize) -> Value {
    if field.is_map() {
        let Kind::Message(entry) = field.kind() else { unreachable!("a map has entries") };
        let value = single(&entry.map_entry_value_field(), choice, depth);
        return Value::Map([(prost_reflect::MapKey::String("key".to_owned()), value)].into());
    }
    let value = single(field, choice, depth);
    if field.cardinality() == Cardinality::Repeated { Value::List(vec![value]) } else { value }
}

fn single(field: &FieldDescriptor, choice: usize, depth: usize) -> Value {
    match field.kind() {
        Kind::String => Value::String(text(field.name()).to_owned()),
        Kind::Bytes => Value::Bytes(bytes::Bytes::from_static(b"{\"errCode\":0}")),
        Kind::Bool => Value::Bool(true),
        Kind::Enum(_) => Value::EnumNumber(1),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(5),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(600),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(5),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(5),
        Kind::Float => Value::F32(1.0),
        Kind::Double => Value::F64(1.0),
        Kind::Message(descriptor) => Value::Message(filled(&descriptor, choice, depth + 1)),
    }
}

/// A text that a field of this name admits.
fn text(field: &str) -> &'static str {
    match field {
        "payment_no" => PAYMENT_NO,
        "currency_code" => "CNY",
        "payer_client_ip" => "192.0.2.1",
        "channel" => "wechat",
        "channel_account" => "main",
        "merchant_id" => "acme",
        "case_id" | "notification_id" => "0190b3a0-0000-7000-8000-000000000000",
        "return_url" | "cancel_url" | "quit_url" => "https://shop.example/back",
        "method" => "POST",
        "target" => "/v1/callbacks/wechat/main",
        _ => "x-1",
    }
}
