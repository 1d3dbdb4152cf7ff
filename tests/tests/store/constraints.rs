//! Every rule that the database itself holds: each statement breaks exactly one.

use std::collections::BTreeSet;

use payment_core::gateway::{CallbackRejected, CallbackRejection, RefundStatus};
use payment_tests::database::{TestStore, texts};

use crate::{
    broken::BROKEN,
    scene::{
        answered, apply, cny, created, created_beside, delivery, handle, notified, paid, paid_amount,
        refund_apply, refund_notified, refunded,
    },
};

/// A paid payment with a refund that arrived and one that did not, a payment beside it whose channel gave a handle and named
/// a wrong amount, one that was just recorded.
async fn with_a_row_in_every_table() -> TestStore {
    let on = TestStore::new(1).await;
    let first = created(&on, "r-1", &["A"]).await;
    let beside = created_beside(&on, "r-2", &["A"], &first).await;
    apply(&on, &answered(&beside, handle())).await;
    apply(&on, &notified(&first, paid(&first, "4200001"))).await;
    apply(&on, &notified(&beside, paid_amount(&beside, "4200002", cny(1)))).await;
    created(&on, "r-3", &["B"]).await;
    let refund = refunded(&on, "R-1", &first, 40).await;
    refund_apply(&on, &refund_notified(&refund, RefundStatus::Succeeded, "50000001")).await;
    refunded(&on, "R-2", &first, 60).await;
    let forged = CallbackRejected::new(CallbackRejection::SignatureInvalid, "wechatpay-signature");
    on.store.notification_reject(&delivery(), &forged).await.unwrap();
    on.store.feed_number(&crate::scene::merchant(), 100).await.unwrap();
    let consumer =
        "INSERT INTO event_consumer (consumer, merchant_id, delivered_no) VALUES ('nats', 'acme', 0)";
    on.observer.execute(consumer, &[]).await.unwrap();
    let act = "INSERT INTO operator_act (act_id, actor, act, reason, description, act_time) \
               VALUES (gen_random_uuid(), 'alice/laptop', 'JOB_RUN', '', 'made a job look', now())";
    on.observer.execute(act, &[]).await.unwrap();
    let webhook = "INSERT INTO webhook_endpoint (merchant_id, endpoint, fanned_out_no, create_time, seen_time) VALUES ('acme', 'shop', 2, now(), now()); \
        INSERT INTO webhook_delivery (merchant_id, endpoint, event_no, payment_no, event_time, attempts, failures, \
        next_attempt_time, last_attempt_time) VALUES ('acme', 'shop', 1, 'P1', now(), 1, 1, now(), now()), \
        ('acme', 'shop', 2, 'P1', now(), 0, 0, NULL, NULL); \
        INSERT INTO webhook_attempt VALUES ('acme', 'shop', 1, 1, now(), 10, 'DELIVERED', 200, '', '')";
    on.observer.batch_execute(webhook).await.unwrap();
    let key = "INSERT INTO api_key (merchant_id, api_key_id, sha256, scopes, created_by, create_time) \
               VALUES ('acme', 'shop', decode(repeat('00', 32), 'hex'), ARRAY['pay'], 'alice/laptop', now())";
    on.observer.execute(key, &[]).await.unwrap();
    let bar = "INSERT INTO api_key_bar VALUES (decode(repeat('11', 32), 'hex'), 'operators/alice', 'laptop', 'bob/laptop', now())";
    on.observer.execute(bar, &[]).await.unwrap();
    let trace = "INSERT INTO payment_trace SELECT payment_no, '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' \
                 FROM payment LIMIT 1";
    on.observer.execute(trace, &[]).await.unwrap();
    on
}

#[tokio::test]
async fn every_constraint_bites() {
    let on = with_a_row_in_every_table().await;
    let mut misses = Vec::new();
    for (table, constraint, statement) in BROKEN {
        let refusal = on.observer.execute(*statement, &[]).await;
        let named = refusal.as_ref().err().and_then(tokio_postgres::Error::as_db_error).map(|error| {
            (
                error.table().unwrap_or_default().to_owned(),
                error.constraint().unwrap_or(error.message()).to_owned(),
            )
        });
        if named.as_ref().map(|(table, constraint)| (table.as_str(), constraint.as_str()))
            != Some((table, constraint))
        {
            misses.push(format!("{table}.{constraint}: {statement}: {refusal:?}"));
        }
    }
    assert!(misses.is_empty(), "{misses:#?}");
}

#[tokio::test]
async fn no_constraint_is_left_out_above() {
    let on = TestStore::new(1).await;
    let there = "SELECT conrelid::regclass || '.' || conname FROM pg_constraint \
                 WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> '__diesel_schema_migrations' \
                 UNION SELECT indrelid::regclass || '.' || indexrelid::regclass FROM pg_index \
                 WHERE indisunique AND indrelid::regclass::text IN (SELECT table_name FROM information_schema.tables \
                 WHERE table_schema = 'public' AND table_name <> '__diesel_schema_migrations')";
    let there: BTreeSet<String> = texts(&on.observer, there).await.into_iter().collect();
    let tried: BTreeSet<String> =
        BROKEN.iter().map(|(table, constraint, _)| format!("{table}.{constraint}")).collect();
    assert_eq!(there, tried);
}
