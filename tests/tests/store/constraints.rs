//! Every rule that the database itself holds: each statement below breaks exactly one.

use std::collections::BTreeSet;

use payment_core::gateway::{CallbackRejected, CallbackRejection, RefundStatus};
use payment_tests::database::{TestStore, texts};

use crate::scene::{
    answered, apply, cny, created, created_beside, delivery, handle, notified, paid, paid_amount,
    refund_apply, refund_notified, refunded,
};

/// Table, constraint, statement that it refuses.
const BROKEN: &[(&str, &str, &str)] = &[
    ("merchant_order", "merchant_order_pkey", "INSERT INTO merchant_order SELECT * FROM merchant_order"),
    ("payment", "payment_pkey", "INSERT INTO payment SELECT * FROM payment WHERE state = 'INITIATING'"),
    ("payment", "payment_no_is_well_formed", "UPDATE payment SET payment_no = 'P1'"),
    ("payment", "currency_is_iso_4217", "UPDATE payment SET currency = 'yuan'"),
    ("payment", "amount_is_positive", "UPDATE payment SET amount = 0"),
    (
        "payment",
        "state_is_known",
        "UPDATE payment SET state = 'LOST', next_check_time = NULL WHERE state = 'INITIATING'",
    ),
    (
        "payment",
        "open_has_next_check_time",
        "UPDATE payment SET next_check_time = NULL WHERE state = 'INITIATING'",
    ),
    (
        "payment",
        "succeeded_has_no_next_check_time",
        "UPDATE payment SET next_check_time = create_time WHERE state = 'SUCCEEDED'",
    ),
    (
        "payment",
        "refunds_not_over_paid",
        "UPDATE payment SET refund_reserved = amount + 1 WHERE state = 'SUCCEEDED'",
    ),
    ("payment", "refunds_not_over_paid", "UPDATE payment SET refund_reserved = -1 WHERE state = 'SUCCEEDED'"),
    ("payment", "refunds_only_of_paid", "UPDATE payment SET refund_reserved = 1 WHERE state = 'INITIATING'"),
    ("payment", "revision_is_not_negative", "UPDATE payment SET revision = -1"),
    (
        "payment",
        "succeeded_iff_succeed_time",
        "UPDATE payment SET succeed_time = create_time WHERE state = 'INITIATING'",
    ),
    (
        "payment",
        "succeeded_iff_succeed_time",
        "UPDATE payment SET succeed_time = NULL WHERE state = 'SUCCEEDED'",
    ),
    (
        "payment",
        "succeeded_iff_channel_transaction_no",
        "UPDATE payment SET channel_transaction_no = 'T' WHERE state = 'INITIATING'",
    ),
    (
        "payment",
        "succeeded_iff_channel_transaction_no",
        "UPDATE payment SET channel_transaction_no = NULL WHERE state = 'SUCCEEDED'",
    ),
    ("payment", "ended_has_end_time", "UPDATE payment SET state = 'CLOSED' WHERE state = 'INITIATING'"),
    (
        "payment",
        "failed_has_failure",
        "UPDATE payment SET state = 'FAILED', end_time = create_time WHERE state = 'INITIATING'",
    ),
    ("payment", "failure_has_reason_and_code", "UPDATE payment SET failure_code = 'X'"),
    (
        "payment",
        "awaiting_payer_has_handle",
        "UPDATE payment SET state = 'AWAITING_PAYER' WHERE state = 'INITIATING'",
    ),
    (
        "payment",
        "handle_iff_handle_expire_time",
        "UPDATE payment SET handle = 'h' WHERE state = 'INITIATING'",
    ),
    (
        "payment",
        "client_reported_has_client_report_time",
        "UPDATE payment SET state = 'CLIENT_REPORTED' WHERE state = 'INITIATING'",
    ),
    ("payment", "expires_after_creation", "UPDATE payment SET expire_time = create_time"),
    (
        "payment",
        "payment_one_for_each_channel_transaction",
        "UPDATE payment SET state = 'SUCCEEDED', succeed_time = create_time, next_check_time = NULL, channel_transaction_no = \
         (SELECT channel_transaction_no FROM payment WHERE state = 'SUCCEEDED') WHERE state = 'INITIATING'",
    ),
    (
        "payment",
        "held_has_next_check_time",
        "UPDATE payment SET state = 'HELD', next_check_time = NULL WHERE state = 'INITIATING'",
    ),
    (
        "payment_hold",
        "payment_hold_pkey",
        "INSERT INTO payment_hold SELECT payment_no, 'H', create_time, create_time, create_time \
         FROM payment, generate_series(1, 2) WHERE state = 'INITIATING'",
    ),
    (
        "payment_hold",
        "payment_hold_payment_no_fkey",
        "INSERT INTO payment_hold SELECT 'nobody', 'H', create_time, create_time, create_time FROM payment LIMIT 1",
    ),
    (
        "payment_transition",
        "hold_is_verified",
        "UPDATE payment_transition SET to_state = 'HELD', verified_by = NULL",
    ),
    ("create_request", "create_request_pkey", "INSERT INTO create_request SELECT * FROM create_request"),
    ("create_request", "create_request_payment_no_fkey", "UPDATE create_request SET payment_no = 'nobody'"),
    (
        "allocation",
        "allocation_pkey",
        "INSERT INTO allocation SELECT * FROM allocation WHERE state = 'PENDING'",
    ),
    (
        "allocation",
        "allocation_payment_no_fkey",
        "UPDATE allocation SET payment_no = 'x' WHERE state = 'EFFECTIVE'",
    ),
    ("allocation", "allocation_merchant_id_order_no_fkey", "UPDATE allocation SET merchant_id = 'other'"),
    ("allocation", "amount_is_positive", "UPDATE allocation SET amount = -1"),
    ("allocation", "state_is_known", "UPDATE allocation SET state = 'LOST' WHERE state = 'PENDING'"),
    (
        "allocation",
        "refunds_not_over_paid",
        "UPDATE allocation SET refund_reserved = amount + 1 WHERE state = 'EFFECTIVE'",
    ),
    (
        "allocation",
        "refunds_only_of_paid",
        "UPDATE allocation SET refund_reserved = 1 WHERE state = 'PENDING'",
    ),
    ("allocation", "allocation_one_effective_for_each_order", "UPDATE allocation SET state = 'EFFECTIVE'"),
    ("notification", "notification_pkey", "INSERT INTO notification SELECT * FROM notification"),
    (
        "notification",
        "verdict_is_known",
        "UPDATE notification SET verdict = 'LOST' WHERE verdict = 'APPLIED'",
    ),
    (
        "notification",
        "rejected_iff_rejection",
        "UPDATE notification SET rejection = 'STALE' WHERE verdict = 'APPLIED'",
    ),
    (
        "notification",
        "rejected_iff_rejection",
        "UPDATE notification SET rejection = NULL WHERE verdict = 'REJECTED'",
    ),
    (
        "notification",
        "verified_unless_rejected",
        "UPDATE notification SET verified_by = NULL WHERE verdict = 'APPLIED'",
    ),
    (
        "payment_transition",
        "payment_transition_pkey",
        "INSERT INTO payment_transition SELECT * FROM payment_transition",
    ),
    (
        "payment_transition",
        "payment_transition_payment_no_fkey",
        "UPDATE payment_transition SET payment_no = payment_no || 'X'",
    ),
    (
        "payment_transition",
        "payment_transition_notification_id_fkey",
        "UPDATE payment_transition SET notification_id = gen_random_uuid() WHERE source = 'NOTIFICATION'",
    ),
    ("payment_transition", "state_changes", "UPDATE payment_transition SET from_state = to_state"),
    ("payment_transition", "success_is_verified", "UPDATE payment_transition SET verified_by = NULL"),
    (
        "payment_transition",
        "source_is_known",
        "UPDATE payment_transition SET source = 'RUMOUR' WHERE source <> 'NOTIFICATION'",
    ),
    (
        "payment_transition",
        "notification_iff_notified",
        "UPDATE payment_transition SET notification_id = NULL WHERE source = 'NOTIFICATION'",
    ),
    ("outbox_event", "outbox_event_pkey", "INSERT INTO outbox_event SELECT * FROM outbox_event"),
    ("outbox_event", "event_is_known", "UPDATE outbox_event SET event = 'payment.lost'"),
    (
        "outbox_event",
        "outbox_event_success_is_told_once",
        "INSERT INTO outbox_event SELECT gen_random_uuid(), merchant_id, payment_no, revision + 1, position, event, create_time \
         FROM outbox_event WHERE event = 'payment.succeeded'",
    ),
    (
        "outbox_event",
        "outbox_event_refund_success_is_told_once",
        "INSERT INTO outbox_event SELECT gen_random_uuid(), merchant_id, payment_no, revision + 1, position, event, create_time, \
         refund_no FROM outbox_event WHERE event = 'refund.succeeded'",
    ),
    (
        "outbox_event",
        "feed_no_is_positive",
        "UPDATE outbox_event SET feed_no = 0 WHERE event = 'case.opened'",
    ),
    ("outbox_event", "outbox_event_one_for_each_number", "UPDATE outbox_event SET feed_no = 1"),
    (
        "outbox_event",
        "outbox_event_case_is_told_once",
        "INSERT INTO outbox_event SELECT gen_random_uuid(), merchant_id, payment_no, revision + 1, position, event, create_time, \
         refund_no, NULL, case_id FROM outbox_event WHERE event = 'case.opened'",
    ),
    ("event_feed", "event_feed_pkey", "INSERT INTO event_feed SELECT * FROM event_feed"),
    (
        "event_feed",
        "trimmed_within_numbered",
        "UPDATE event_feed SET trimmed_no = last_no + 1, trimmed_before = now()",
    ),
    ("event_feed", "trimmed_iff_trimmed_before", "UPDATE event_feed SET trimmed_no = 1"),
    ("event_feed", "trimmed_iff_trimmed_before", "UPDATE event_feed SET trimmed_before = now()"),
    ("event_consumer", "event_consumer_pkey", "INSERT INTO event_consumer SELECT * FROM event_consumer"),
    ("event_consumer", "delivered_is_not_negative", "UPDATE event_consumer SET delivered_no = -1"),
    ("event_consumer", "held_iff_lease_end", "UPDATE event_consumer SET lease_end = now()"),
    ("refund", "refund_pkey", "INSERT INTO refund SELECT * FROM refund WHERE state = 'PENDING'"),
    ("refund", "refund_payment_no_fkey", "UPDATE refund SET payment_no = 'nobody'"),
    ("refund", "amount_is_positive", "UPDATE refund SET amount = 0"),
    ("refund", "reason_is_known", "UPDATE refund SET reason = 'WHIM'"),
    ("refund", "origin_is_known", "UPDATE refund SET origin = 'RUMOUR', created_by = NULL"),
    ("refund", "caller_iff_created_by", "UPDATE refund SET created_by = NULL"),
    ("refund", "state_is_known", "UPDATE refund SET state = 'FAILED' WHERE state = 'PENDING'"),
    (
        "refund",
        "succeeded_iff_succeed_time",
        "UPDATE refund SET succeed_time = create_time WHERE state = 'PENDING'",
    ),
    (
        "refund",
        "succeeded_iff_succeed_time",
        "UPDATE refund SET succeed_time = NULL WHERE state = 'SUCCEEDED'",
    ),
    (
        "refund",
        "succeeded_iff_not_checked",
        "UPDATE refund SET next_check_time = NULL WHERE state = 'PENDING'",
    ),
    (
        "refund",
        "succeeded_iff_not_checked",
        "UPDATE refund SET next_check_time = create_time WHERE state = 'SUCCEEDED'",
    ),
    ("refund", "sent_as_own_number_iff_no_successor", "UPDATE refund SET sent_as = 'other'"),
    ("refund", "sent_as_own_number_iff_no_successor", "UPDATE refund SET successors = 1"),
    (
        "refund",
        "refund_one_for_each_channel_refund",
        "UPDATE refund SET channel_refund_no = (SELECT channel_refund_no FROM refund WHERE state = 'SUCCEEDED')",
    ),
    ("refund_part", "refund_part_pkey", "INSERT INTO refund_part SELECT * FROM refund_part"),
    (
        "refund_part",
        "refund_part_merchant_id_refund_no_fkey",
        "UPDATE refund_part SET refund_no = 'nobody' WHERE refund_no = 'R-1'",
    ),
    ("refund_part", "amount_is_positive", "UPDATE refund_part SET amount = 0"),
    ("refund_number", "refund_number_pkey", "INSERT INTO refund_number SELECT * FROM refund_number"),
    (
        "refund_number",
        "refund_number_merchant_id_refund_no_fkey",
        "UPDATE refund_number SET refund_no = 'nobody'",
    ),
    (
        "refund_transition",
        "refund_transition_pkey",
        "INSERT INTO refund_transition SELECT * FROM refund_transition",
    ),
    (
        "refund_transition",
        "refund_transition_merchant_id_refund_no_fkey",
        "UPDATE refund_transition SET refund_no = 'nobody'",
    ),
    (
        "refund_transition",
        "refund_transition_notification_id_fkey",
        "UPDATE refund_transition SET notification_id = gen_random_uuid() WHERE source = 'NOTIFICATION'",
    ),
    (
        "refund_transition",
        "state_changes_unless_number_died",
        "UPDATE refund_transition SET from_state = to_state",
    ),
    ("refund_transition", "success_is_verified", "UPDATE refund_transition SET verified_by = NULL"),
    (
        "refund_transition",
        "source_is_known",
        "UPDATE refund_transition SET source = 'RUMOUR', notification_id = NULL",
    ),
    (
        "refund_transition",
        "notification_iff_notified",
        "UPDATE refund_transition SET notification_id = NULL WHERE source = 'NOTIFICATION'",
    ),
    ("payment_case", "payment_case_pkey", "INSERT INTO payment_case SELECT * FROM payment_case"),
    ("payment_case", "kind_is_known", "UPDATE payment_case SET kind = 'LOST'"),
    ("payment_case", "amount_has_currency", "UPDATE payment_case SET currency = NULL"),
    (
        "payment_case",
        "payment_case_notification_id_fkey",
        "UPDATE payment_case SET notification_id = gen_random_uuid()",
    ),
    (
        "payment_case",
        "payment_case_opened_once",
        "INSERT INTO payment_case (case_id, merchant_id, kind, channel, channel_account, payment_no, channel_transaction_no, \
         description, source, open_time) SELECT gen_random_uuid(), merchant_id, kind, channel, channel_account, payment_no, \
         channel_transaction_no, 'again', source, open_time FROM payment_case",
    ),
    (
        "payment_case",
        "state_is_known",
        "UPDATE payment_case SET state = 'LOST', resolution = 'DISMISS', \
      resolution_reason = 'x', proposed_by = 'a/b'",
    ),
    (
        "payment_case",
        "resolution_is_known",
        "UPDATE payment_case SET state = 'RESOLVING', resolution = 'BELIEVE', \
      resolution_reason = 'x', proposed_by = 'a/b'",
    ),
    ("payment_case", "open_iff_no_resolution", "UPDATE payment_case SET state = 'RESOLVING'"),
    (
        "payment_case",
        "resolution_has_reason_and_proposer",
        "UPDATE payment_case SET state = 'RESOLVING', resolution = 'DISMISS', proposed_by = 'a/b'",
    ),
    ("payment_case", "order_only_with_attach", "UPDATE payment_case SET resolution_order_no = 'A'"),
    (
        "payment_case",
        "refund_only_with_refund",
        "UPDATE payment_case SET resolution_refund_no = 'R', state = 'RESOLVING', \
      resolution = 'ATTACH', resolution_reason = 'x', proposed_by = 'a/b'",
    ),
    (
        "payment_case",
        "nobody_approves_their_own_proposal",
        "UPDATE payment_case SET state = 'RESOLVING', resolution = 'DISMISS', resolution_reason = 'x', proposed_by = 'a/b', \
         approved_by = 'a/b'",
    ),
    ("payment_case", "resolved_iff_resolve_time", "UPDATE payment_case SET resolve_time = open_time"),
    ("notification", "replay_iff_replayed_by", "UPDATE notification SET replayed_by = 'a/b'"),
    (
        "notification",
        "notification_replay_of_fkey",
        "UPDATE notification SET replay_of = gen_random_uuid(), replayed_by = 'a/b'",
    ),
    ("operator_act", "operator_act_pkey", "INSERT INTO operator_act SELECT * FROM operator_act"),
    ("operator_act", "act_is_known", "UPDATE operator_act SET act = 'BELIEVED'"),
    ("operator_act", "operator_act_case_id_fkey", "UPDATE operator_act SET case_id = gen_random_uuid()"),
    (
        "operator_act",
        "operator_act_notification_id_fkey",
        "UPDATE operator_act SET notification_id = gen_random_uuid()",
    ),
    (
        "webhook_endpoint",
        "webhook_endpoint_pkey",
        "INSERT INTO webhook_endpoint SELECT * FROM webhook_endpoint",
    ),
    ("webhook_endpoint", "fanned_out_is_not_negative", "UPDATE webhook_endpoint SET fanned_out_no = -1"),
    (
        "webhook_endpoint",
        "pause_reason_is_known",
        "UPDATE webhook_endpoint SET pause_reason = 'TIRED', pause_time = now()",
    ),
    ("webhook_endpoint", "paused_iff_pause_time", "UPDATE webhook_endpoint SET pause_time = now()"),
    (
        "webhook_delivery",
        "webhook_delivery_pkey",
        "INSERT INTO webhook_delivery (merchant_id, endpoint, event_no, payment_no, event_time, attempts, failures) \
         SELECT merchant_id, endpoint, event_no, payment_no, event_time, 0, 0 FROM webhook_delivery",
    ),
    (
        "webhook_delivery",
        "webhook_delivery_merchant_id_endpoint_fkey",
        "UPDATE webhook_delivery SET endpoint = 'nowhere' WHERE event_no = 2",
    ),
    ("webhook_delivery", "attempts_are_counted", "UPDATE webhook_delivery SET failures = 5"),
    (
        "webhook_delivery",
        "attempted_iff_last_attempt_time",
        "UPDATE webhook_delivery SET last_attempt_time = now() WHERE event_no = 2",
    ),
    (
        "webhook_delivery",
        "delivered_is_not_due",
        "UPDATE webhook_delivery SET deliver_time = now(), claim_end = NULL WHERE event_no = 1",
    ),
    (
        "webhook_delivery",
        "claimed_is_due",
        "UPDATE webhook_delivery SET claim_end = now() WHERE event_no = 2",
    ),
    (
        "webhook_delivery",
        "webhook_delivery_one_of_each_payment_at_a_time",
        "UPDATE webhook_delivery SET next_attempt_time = now()",
    ),
    ("webhook_attempt", "webhook_attempt_pkey", "INSERT INTO webhook_attempt SELECT * FROM webhook_attempt"),
    (
        "webhook_attempt",
        "webhook_attempt_merchant_id_endpoint_event_no_fkey",
        "UPDATE webhook_attempt SET event_no = 99",
    ),
    ("webhook_attempt", "result_is_known", "UPDATE webhook_attempt SET result = 'PERHAPS'"),
    ("webhook_attempt", "delivered_has_status_code", "UPDATE webhook_attempt SET status_code = NULL"),
    (
        "webhook_attempt",
        "delivered_keeps_no_excerpt",
        "UPDATE webhook_attempt SET response_excerpt = 'thanks'",
    ),
    (
        "api_key",
        "api_key_pkey",
        "INSERT INTO api_key (merchant_id, api_key_id, sha256, scopes, created_by, create_time) SELECT merchant_id, api_key_id, decode(repeat('ab', 32), 'hex'), scopes, created_by, create_time FROM api_key",
    ),
    (
        "api_key",
        "api_key_one_for_each_hash",
        "INSERT INTO api_key (merchant_id, api_key_id, sha256, scopes, created_by, create_time) SELECT merchant_id, 'other', sha256, scopes, created_by, create_time FROM api_key",
    ),
    ("api_key", "sha256_is_whole", "UPDATE api_key SET sha256 = 'short'"),
    ("api_key", "scopes_are_known", "UPDATE api_key SET scopes = ARRAY['everything']"),
    ("api_key", "expires_after_its_creation", "UPDATE api_key SET expire_time = create_time"),
    ("api_key", "revoked_iff_revoked_by", "UPDATE api_key SET revoke_time = now()"),
    ("api_key_bar", "api_key_bar_pkey", "INSERT INTO api_key_bar SELECT * FROM api_key_bar"),
    ("api_key_bar", "barred_sha256_is_whole", "UPDATE api_key_bar SET sha256 = 'short'"),
    ("api_key_revision", "api_key_revision_pkey", "INSERT INTO api_key_revision VALUES (true, 2)"),
    ("api_key_revision", "there_is_one_row", "INSERT INTO api_key_revision VALUES (false, 2)"),
    ("payment_trace", "payment_trace_pkey", "INSERT INTO payment_trace SELECT * FROM payment_trace"),
    ("payment_trace", "payment_trace_payment_no_fkey", "UPDATE payment_trace SET payment_no = 'P1'"),
    ("payment_trace", "trace_parent_is_well_formed", "UPDATE payment_trace SET trace_parent = 'elsewhere'"),
];

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
