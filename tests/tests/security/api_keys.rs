//! Keys that are made and revoked while the service runs.

use std::time::Duration;

use payment_proto::v1::{
    ApiKeyOrigin, ApiKeyScope, ClosePaymentRequest, GetPaymentRequest, ListApiKeysRequest,
    payment_service_client::PaymentServiceClient,
};
use payment_tests::{
    app::{MERCHANT, OTHER_MERCHANT, Payments, START, WithKey, connect},
    refusal::Refusal,
    requests::{app_payment, payment_no},
    steps::until,
};
use tonic::{Code, Status};

use super::operators::{NOBODY, Operated, revoking, wanted};

fn kind(status: &Status) -> (Code, String) {
    let refusal = Refusal::of(status);
    (refusal.code, refusal.reason)
}

async fn read(mut payments: Payments, payment_no: &str) -> Result<(), Status> {
    payments.get_payment(GetPaymentRequest { payment_no: payment_no.to_owned() }).await.map(drop)
}

fn is_nobody(read: &Result<(), Status>) -> bool {
    read.as_ref().is_err_and(|refused| Refusal::of(refused).kind() == NOBODY)
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_a_revoked_key_stops_working_in_every_replica() {
    let world = Operated::start("").await;
    let replica = world.app.replica().await;
    let far = connect(replica.addresses().grpc).await;
    let secret = world.key(MERCHANT, "till", &[ApiKeyScope::Read, ApiKeyScope::Pay]).await;
    let there = || PaymentServiceClient::with_interceptor(far.clone(), WithKey::new(&secret));

    let created = world.payments(&secret).create_payment(app_payment("r-1", "A", 100)).await.unwrap();
    let payment_no = payment_no(&created.into_inner());
    until("the other replica learns of the key", async || read(there(), &payment_no).await.is_ok()).await;
    let row = world.app.observer.query_one("SELECT created_by FROM payment", &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "till", "evidence names the key");
    let close = ClosePaymentRequest { payment_no: payment_no.clone() };
    world.payments(&secret).close_payment(close).await.unwrap();
    let callers = "SELECT caller FROM payment_transition WHERE event = 'CHANNEL_CLOSED'";
    assert_eq!(world.app.texts(callers).await, ["till"], "whoever had it closed");

    let revoke = revoking(MERCHANT, "till");
    let revoked = world.desk(&world.alice).revoke_api_key(revoke.clone()).await.unwrap().into_inner();
    assert_eq!(revoked.api_key.unwrap().revoked_by, "alice/laptop");
    assert!(is_nobody(&read(world.payments(&secret), &payment_no).await), "here it is revoked at once");
    until("the other replica learns of the end", async || is_nobody(&read(there(), &payment_no).await)).await;

    world.app.advance(Duration::from_secs(60)).await;
    let again = world.desk(&world.alice).revoke_api_key(revoke).await.unwrap().into_inner().api_key.unwrap();
    assert_eq!(again.revoke_time.unwrap().seconds, START.unix_timestamp(), "the first revocation stands");
    replica.shutdown().await;
    world.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_an_expired_key_is_refused() {
    let world = Operated::start("").await;
    let mut request = wanted(MERCHANT, "week", &[ApiKeyScope::Read]);
    let end = START + time::Duration::days(7);
    request.expire_time = Some(prost_types::Timestamp { seconds: end.unix_timestamp(), nanos: 0 });
    let secret = world.desk(&world.alice).create_api_key(request.clone()).await.unwrap().into_inner().secret;
    let payment_no = world.app.open("r-1", "A", 100).await;
    assert!(read(world.payments(&secret), &payment_no).await.is_ok());
    world.app.advance(Duration::from_secs(7 * 24 * 60 * 60)).await;
    assert!(is_nobody(&read(world.payments(&secret), &payment_no).await));
    request.api_key_id = "late".to_owned();
    let refused = world.desk(&world.alice).create_api_key(request).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).fields, ["expire_time"]);
    world.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_a_key_is_good_for_its_scopes_and_its_merchant_only() {
    let world = Operated::start("").await;
    let payment_no = world.app.open("r-1", "A", 100).await;
    let reading = world.key(MERCHANT, "reading", &[ApiKeyScope::Read]).await;
    let refused = world.payments(&reading).create_payment(app_payment("r-2", "B", 100)).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).kind(), (Code::PermissionDenied, "SCOPE_MISSING"));
    assert_eq!(Refusal::of(&refused).metadata["scope"], "pay");
    let paying = world.key(MERCHANT, "paying", &[ApiKeyScope::Pay]).await;
    let refused = read(world.payments(&paying), &payment_no).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).metadata["scope"], "read");

    let stranger = world.key(OTHER_MERCHANT, "reading", &[ApiKeyScope::Read]).await;
    let refused = read(world.payments(&stranger), &payment_no).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).kind(), (Code::NotFound, "PAYMENT_NOT_FOUND"));
    // An operator's key does not pay, and a caller's does not operate.
    let alice = PaymentServiceClient::with_interceptor(world.app.channel(), world.alice.clone());
    assert_eq!(kind(&read(alice, &payment_no).await.unwrap_err()).1, "SCOPE_MISSING");
    let refused = world.desk(&WithKey::new(&reading)).list_api_keys(ListApiKeysRequest::default()).await;
    assert_eq!(Refusal::of(&refused.unwrap_err()).metadata["scope"], "operate");
    world.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_operators_make_keys_of_the_merchants_in_sight_only() {
    let world = Operated::start("").await;
    let reading = [ApiKeyScope::Read];
    // Bob sees one merchant, and need not name it.
    let made = world.desk(&world.bob).create_api_key(wanted("", "pos", &reading)).await.unwrap().into_inner();
    assert_eq!(made.api_key.unwrap().merchant_id, OTHER_MERCHANT);
    for (key, merchant, expected) in [
        (&world.bob, MERCHANT, (Code::NotFound, "MERCHANT_NOT_FOUND")),
        (&world.alice, "nobody", (Code::NotFound, "MERCHANT_NOT_FOUND")),
        (&world.alice, "", (Code::InvalidArgument, "INVALID_FIELD")),
    ] {
        let refused = world.desk(key).create_api_key(wanted(merchant, "x", &reading)).await.unwrap_err();
        assert_eq!(Refusal::of(&refused).kind(), expected, "{merchant}");
    }
    // A merchant's own key may operate, for that merchant.
    let own = WithKey::new(&world.key(MERCHANT, "own", &[ApiKeyScope::Operate]).await);
    let listed = world.desk(&own).list_api_keys(ListApiKeysRequest::default()).await.unwrap().into_inner();
    let keys: Vec<_> = listed
        .api_keys
        .iter()
        .map(|key| (key.api_key_id.as_str(), key.origin(), key.created_by.as_str()))
        .collect();
    let (configured, recorded) = (ApiKeyOrigin::Configuration, ApiKeyOrigin::Database);
    assert_eq!(keys, [("acme-key", configured, ""), ("own", recorded, "alice/laptop")]);
    let made = world.desk(&own).create_api_key(wanted("", "more", &reading)).await.unwrap().into_inner();
    assert_eq!(made.api_key.unwrap().created_by, "acme/own");
    world.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keys_name_is_used_once_and_wrong_requests_name_their_fields() {
    let world = Operated::start("").await;
    let mut desk = world.desk(&world.alice);
    world.key(MERCHANT, "till", &[ApiKeyScope::Pay]).await;
    for taken in ["till", "acme-key"] {
        let refused = desk.create_api_key(wanted(MERCHANT, taken, &[ApiKeyScope::Pay])).await.unwrap_err();
        assert_eq!(Refusal::of(&refused).kind(), (Code::AlreadyExists, "API_KEY_ID_TAKEN"));
    }
    let refused = desk.create_api_key(wanted("A!", "B!", &[ApiKeyScope::Unspecified])).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).fields, ["merchant_id", "api_key_id", "scopes"]);
    let refused = desk.create_api_key(wanted(MERCHANT, "none", &[])).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).fields, ["scopes"]);
    let refused = desk.revoke_api_key(revoking(MERCHANT, "gone")).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).kind(), (Code::NotFound, "API_KEY_NOT_FOUND"));
    world.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_use_is_told_and_the_key_is_kept_nowhere() {
    let world = Operated::start("").await;
    let payment_no = world.app.open("r-1", "A", 100).await;
    let secret = world.key(MERCHANT, "till", &[ApiKeyScope::Read]).await;
    read(world.payments(&secret), &payment_no).await.unwrap();
    let listed = ListApiKeysRequest { merchant_id: MERCHANT.to_owned(), ..ListApiKeysRequest::default() };
    let used = async || {
        let keys =
            world.desk(&world.alice).list_api_keys(listed.clone()).await.unwrap().into_inner().api_keys;
        let till = keys.into_iter().find(|key| key.api_key_id == "till").unwrap();
        till.last_use_time.is_some_and(|time| time.seconds == START.unix_timestamp())
    };
    until("the use is written", used).await;
    let rows = world.app.observer.query("SELECT api_key::text FROM api_key", &[]).await.unwrap();
    assert!(rows.iter().all(|row| !row.get::<_, &str>(0).contains(&secret)));
    world.app.finish().await;
}
