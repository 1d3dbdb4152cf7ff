//! This binary on the last release's database: not before it is migrated, and then with everything that is in it.

use std::{collections::BTreeMap, sync::Arc};

use payment_core::{
    identifiers::{MerchantId, PaymentNo},
    invariant,
    payment::state::PaymentState,
    ports::Ports,
};
use payment_server::{
    assemble,
    channels::ChannelRegistry,
    config::Config,
    lifecycle::Lifecycle,
    ports::{ReqwestHttp, SystemClock, SystemRandomness},
};

use super::database::OldDatabase;

#[tokio::test]
async fn every_payment_of_the_last_release_is_read_and_every_promise_still_holds() {
    let old = OldDatabase::migrated().await;
    let ledger = old.store.ledger().await.unwrap();
    let breaches = invariant::check(&ledger);
    assert!(breaches.is_empty(), "{breaches:#?}");

    let rows = old.observer.query("SELECT merchant_id, payment_no, state FROM payment", &[]).await.unwrap();
    assert!(rows.len() >= 15, "{} payments", rows.len());
    for row in rows {
        let (merchant, number) = (row.get::<_, String>(0), row.get::<_, String>(1));
        let (merchant, number) = (MerchantId::parse(merchant).unwrap(), PaymentNo::parse(number).unwrap());
        let payment = old.store.payment_get(&merchant, &number).await.unwrap().unwrap();
        assert_eq!(payment.state.as_str(), row.get::<_, String>(2));
        assert!(payment.state != PaymentState::Succeeded || payment.channel_transaction_no.is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_newer_than_its_database_says_what_is_missing_and_does_not_start() {
    let old = OldDatabase::restored().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    let text = format!(
        "[database]\nurl = \"{}\"\ntls = \"disabled\"\n[grpc]\nlisten = \"127.0.0.1:0\"\n\
         [callbacks]\nlisten = \"127.0.0.1:0\"\npublic_url = \"https://pay.example.com\"\n\
         [admin]\nlisten = \"127.0.0.1:0\"\n[jobs]\nenabled = false\n",
        old.database.url(),
    );
    std::fs::write(&file, text).unwrap();
    let config = Config::load(&file, &BTreeMap::new()).unwrap_or_else(|error| panic!("{error}"));
    let ports = Ports {
        clock: Arc::new(SystemClock),
        randomness: Arc::new(SystemRandomness),
        http: Arc::new(ReqwestHttp::new(&config.channel_http).unwrap()),
    };
    let registry = ChannelRegistry::with_builtin().unwrap();

    let missing = old.store.missing_migrations().await.unwrap();
    let refused = assemble::start(&config, &registry, &ports, Lifecycle::default()).await;
    let words = refused.expect_err("it does not start").to_string();
    for migration in &missing {
        assert!(words.contains(migration), "{words}");
    }
    assert!(words.contains("payment-server migrate"), "{words}");

    assert_eq!(old.store.migrate().await.unwrap().len(), missing.len());
    assert_eq!(old.store.missing_migrations().await.unwrap(), Vec::<String>::new());
    let running = assemble::start(&config, &registry, &ports, Lifecycle::default()).await;
    running.unwrap_or_else(|error| panic!("{error}")).shutdown().await;
}
