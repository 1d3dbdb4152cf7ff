//! Statements, each of which breaks one rule that the database holds.

/// Table, constraint, statement that it refuses.
pub(crate) const BROKEN: &[(&str, &str, &str)] = &[
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
        "refund_turn",
        "refund_turn_pkey",
        "INSERT INTO refund_turn SELECT payment_no, 'R', create_time FROM payment, generate_series(1, 2)",
    ),
    (
        "refund_turn",
        "refund_turn_payment_no_fkey",
        "INSERT INTO refund_turn SELECT 'nobody', 'R', create_time FROM payment LIMIT 1",
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
