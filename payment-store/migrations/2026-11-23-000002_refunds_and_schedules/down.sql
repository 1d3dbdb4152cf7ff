DELETE FROM payment_case WHERE kind IN ('REFUND_NEEDS_PERSON', 'REFUND_MISMATCH', 'REFUND_EXCEEDS_PAID');
DROP INDEX payment_case_opened_once;
ALTER TABLE payment_case DROP CONSTRAINT kind_is_known, DROP COLUMN refund_no;
ALTER TABLE payment_case ADD CONSTRAINT kind_is_known CHECK (
    kind IN ('UNKNOWN_PAYMENT', 'AMOUNT_MISMATCH', 'PAYEE_MISMATCH', 'TRANSACTION_MISMATCH', 'DUPLICATE_PAYMENT'));
CREATE UNIQUE INDEX payment_case_opened_once ON payment_case (
    channel, channel_account, payment_no, kind, coalesce(order_no, ''), coalesce(channel_transaction_no, ''));

DELETE FROM outbox_event WHERE event IN ('refund.progressed', 'refund.succeeded');
ALTER TABLE outbox_event DROP CONSTRAINT event_is_known, DROP COLUMN refund_no;
ALTER TABLE outbox_event ADD CONSTRAINT event_is_known CHECK (
    event IN ('payment.succeeded', 'payment.closed', 'payment.failed', 'payment.duplicate_found', 'case.opened'));

DROP TABLE refund_transition, refund_number, refund_part, refund;

-- What the older schema has no word for is kept under the nearest one.
UPDATE payment_transition SET source = 'QUERY_ANSWER' WHERE source = 'CAPTURE_ANSWER';
UPDATE payment_transition SET source = 'CLOSE_ANSWER' WHERE source = 'CAPTURE_GATE';
ALTER TABLE payment_transition DROP CONSTRAINT source_is_known;
ALTER TABLE payment_transition ADD CONSTRAINT source_is_known CHECK (
    source IN ('CALLER_REQUEST', 'CLIENT_RESULT', 'CREATE_ANSWER', 'QUERY_ANSWER', 'CLOSE_ANSWER', 'NOTIFICATION'));

DROP INDEX allocation_duplicate_to_refund;
ALTER TABLE allocation
    DROP CONSTRAINT refunds_only_of_paid, DROP CONSTRAINT refunds_not_over_paid, DROP COLUMN refund_reserved;
DROP INDEX payment_due;
ALTER TABLE payment
    DROP CONSTRAINT open_iff_next_check_time, DROP CONSTRAINT refunds_only_of_paid, DROP CONSTRAINT refunds_not_over_paid,
    DROP COLUMN capture_intend_time, DROP COLUMN checks, DROP COLUMN next_check_time, DROP COLUMN refund_reserved;
