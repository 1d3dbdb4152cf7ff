//! Keys of the configuration that end or begin while the service runs: by the database, at every replica at once, and by the
//! configuration's file.

use std::{fs, time::Duration};

use payment_proto::v1::{
    ApiKeyOrigin, ListApiKeysRequest, RevokeApiKeyRequest, api_key_service_client::ApiKeyServiceClient,
};
use payment_tests::{
    app::{MERCHANT, START, WithKey, connect},
    operators::Person,
    refusal::Refusal,
    requests::app_payment,
    steps::{replace, until},
};
use tonic::{Code, Status};

use super::operators::{Desk, NOBODY, Operated, revoking};

fn keys_of_operator(name: &str) -> ListApiKeysRequest {
    ListApiKeysRequest { operator_name: name.to_owned(), ..ListApiKeysRequest::default() }
}

fn operators_key(name: &str, key: &str) -> RevokeApiKeyRequest {
    RevokeApiKeyRequest {
        operator_name: name.to_owned(),
        api_key_id: key.to_owned(),
        ..RevokeApiKeyRequest::default()
    }
}

/// Whether the key opens the desk.
async fn opens(mut desk: Desk) -> bool {
    let request = ListApiKeysRequest { merchant_id: "other".to_owned(), ..ListApiKeysRequest::default() };
    match desk.list_api_keys(request).await {
        Ok(_) => true,
        Err(refused) => {
            assert_eq!(Refusal::of(&refused).kind(), NOBODY);
            false
        }
    }
}

fn kind(refused: Result<impl Sized, Status>) -> (Code, String) {
    let refusal = Refusal::of(&refused.err().expect("a refusal"));
    (refusal.code, refusal.reason)
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_a_leaked_operators_key_is_ended_at_every_replica_by_one_call() {
    let world = Operated::start("").await;
    let replica = world.app.replica().await;
    let far = connect(replica.addresses().grpc).await;
    let there = || ApiKeyServiceClient::with_interceptor(far.clone(), world.bob.clone());
    assert!(opens(there()).await && opens(world.desk(&world.bob)).await);

    let revoked = world.desk(&world.alice).revoke_api_key(operators_key("bob", "laptop")).await.unwrap();
    let revoked = revoked.into_inner().api_key.unwrap();
    assert_eq!((revoked.operator_name.as_str(), revoked.merchant_id.as_str()), ("bob", ""));
    assert_eq!(
        (revoked.origin(), revoked.revoked_by.as_str()),
        (ApiKeyOrigin::Configuration, "alice/laptop")
    );
    assert!(!opens(world.desk(&world.bob)).await, "here at once");
    until("the other replica learns of the end", async || !opens(there()).await).await;
    // Whoever starts later finds it ended, though it stands in the configuration.
    let late = world.app.replica().await;
    let late_door = connect(late.addresses().grpc).await;
    assert!(!opens(ApiKeyServiceClient::with_interceptor(late_door, world.bob.clone())).await);

    world.app.advance(Duration::from_secs(60)).await;
    let again = world.desk(&world.alice).revoke_api_key(operators_key("bob", "laptop")).await.unwrap();
    let first = again.into_inner().api_key.unwrap().revoke_time.unwrap();
    assert_eq!(first.seconds, START.unix_timestamp(), "the first revocation stands");
    let listed = world.desk(&world.alice).list_api_keys(keys_of_operator("bob")).await.unwrap().into_inner();
    let ended: Vec<_> =
        listed.api_keys.iter().map(|key| (key.api_key_id.as_str(), key.revoked_by.as_str())).collect();
    assert_eq!(ended, [("laptop", "alice/laptop")]);
    for replica in [replica, late] {
        replica.shutdown().await;
    }
    world.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_operators_keys_are_the_business_of_who_sees_every_merchant_and_each_ones_own() {
    let world = Operated::start("").await;
    let mut bob = world.desk(&world.bob);
    let not_found = (Code::NotFound, "OPERATOR_NOT_FOUND".to_owned());
    assert_eq!(kind(bob.list_api_keys(keys_of_operator("alice")).await), not_found);
    assert_eq!(kind(bob.revoke_api_key(operators_key("alice", "laptop")).await), not_found);
    assert_eq!(kind(world.desk(&world.alice).list_api_keys(keys_of_operator("nobody")).await), not_found);
    let both = ListApiKeysRequest { merchant_id: "other".to_owned(), operator_name: "bob".to_owned() };
    let refused = bob.list_api_keys(both).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).fields, ["operator_name"]);
    let unknown = kind(bob.revoke_api_key(operators_key("bob", "desktop")).await);
    assert_eq!(unknown, (Code::NotFound, "API_KEY_NOT_FOUND".to_owned()));
    assert!(opens(world.desk(&world.alice)).await, "nothing of alice's was touched");
    bob.revoke_api_key(operators_key("bob", "laptop")).await.unwrap();
    assert!(!opens(world.desk(&world.bob)).await, "one's own may be ended");
    world.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_a_merchants_key_of_the_configuration_is_revoked_as_every_other() {
    let world = Operated::start("").await;
    world.app.create(app_payment("r-1", "A", 100)).await;
    world.desk(&world.alice).revoke_api_key(revoking(MERCHANT, "acme-key")).await.unwrap();
    let refused = world.app.payments().create_payment(app_payment("r-2", "B", 100)).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).kind(), NOBODY);
    world.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_keys_of_the_configuration_are_replaced_by_replacing_its_file_and_a_bad_file_changes_nothing() {
    let world = Operated::start("").await;
    let file = world.app.folder().path().join("config.toml");
    let before = fs::read_to_string(&file).unwrap();
    let (carol, bob) = (Person::new("carol", "\"all\""), Person::new("bob", "[\"other\"]"));
    let carols = WithKey::new(&carol.bearer);
    assert!(!opens(world.desk(&carols)).await);

    replace(&file, &format!("{before}\n[operators.bob]\n"));
    until("the bad file was looked at", async || {
        world.app.logged("the changed configuration is not in order; the old one stays")
    })
    .await;
    assert!(opens(world.desk(&world.bob)).await && !opens(world.desk(&carols)).await);

    // Bob gets another key, and Carol comes.
    replace(&file, &before.replace(&world.bobs_section, &[bob.config.as_str(), &carol.config].concat()));
    until("carol is let in", async || opens(world.desk(&carols)).await).await;
    assert!(!opens(world.desk(&world.bob)).await, "the key that left the file is refused");
    assert!(opens(world.desk(&WithKey::new(&bob.bearer))).await);
    world.app.create(app_payment("r-1", "A", 100)).await;
    world.app.finish().await;
}
