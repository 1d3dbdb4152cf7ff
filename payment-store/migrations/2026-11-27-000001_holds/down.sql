DELETE FROM payment_case WHERE kind IN ('PAYMENT_REVERSED', 'PAYMENT_DISPUTED');
ALTER TABLE payment_case DROP CONSTRAINT kind_is_known;
ALTER TABLE payment_case ADD CONSTRAINT kind_is_known CHECK (kind IN (
    'UNKNOWN_PAYMENT', 'AMOUNT_MISMATCH', 'PAYEE_MISMATCH', 'TRANSACTION_MISMATCH', 'REFUND_NEEDS_PERSON',
    'REFUND_MISMATCH', 'REFUND_EXCEEDS_PAID'));
COMMENT ON COLUMN payment_case.refund_no IS 'The refund, where it is about one.';

DELETE FROM outbox_event WHERE event = 'payment.authorized';
ALTER TABLE outbox_event DROP CONSTRAINT event_is_known;
ALTER TABLE outbox_event ADD CONSTRAINT event_is_known CHECK (event IN (
    'payment.succeeded', 'payment.closed', 'payment.failed', 'payment.duplicate_found', 'refund.progressed',
    'refund.succeeded', 'case.opened'));

-- The older schema has no word for a hold: what led to it and from it becomes one step, and a held payment waits again.
DELETE FROM payment_transition AS later USING payment_transition AS held
    WHERE later.payment_no = held.payment_no AND held.to_state = 'HELD' AND later.from_state = 'HELD'
    AND later.to_state = held.from_state;
UPDATE payment_transition AS later SET from_state = held.from_state FROM payment_transition AS held
    WHERE later.payment_no = held.payment_no AND held.to_state = 'HELD' AND later.from_state = 'HELD';
DELETE FROM payment_transition WHERE to_state = 'HELD';
UPDATE payment_transition SET source = 'CAPTURE_ANSWER' WHERE source = 'HOLD_ANSWER';
ALTER TABLE payment_transition DROP CONSTRAINT hold_is_verified, DROP CONSTRAINT source_is_known;
ALTER TABLE payment_transition ADD CONSTRAINT source_is_known CHECK (source IN (
    'CALLER_REQUEST', 'CLIENT_RESULT', 'CREATE_ANSWER', 'QUERY_ANSWER', 'CAPTURE_ANSWER', 'CLOSE_ANSWER', 'REFUND_ANSWER',
    'NOTIFICATION', 'CAPTURE_GATE'));

UPDATE payment SET state = 'AWAITING_PAYER' WHERE state = 'HELD';
ALTER TABLE payment
    DROP CONSTRAINT open_iff_next_check_time, DROP CONSTRAINT held_has_next_check_time, DROP CONSTRAINT state_is_known,
    DROP COLUMN hold_intend_time;
DROP TABLE payment_hold;
ALTER TABLE payment
    ADD CONSTRAINT state_is_known CHECK (
        state IN ('INITIATING', 'AWAITING_PAYER', 'CLIENT_REPORTED', 'SUCCEEDED', 'CLOSED', 'FAILED')),
    ADD CONSTRAINT open_iff_next_check_time CHECK (
        (state IN ('INITIATING', 'AWAITING_PAYER', 'CLIENT_REPORTED')) = (next_check_time IS NOT NULL));
COMMENT ON COLUMN payment.capture_intend_time IS 'When we decided to take approved money; from then on it is not closed by us alone.';
