-- Held money: a payment whose money the channel holds is open and not paid, until it is taken, let go, or runs out; and
-- money of paid payments that others took back. A binary before this one logs a held payment as corrupt and leaves it.

ALTER TABLE payment ADD COLUMN hold_intend_time timestamptz;
ALTER TABLE payment DROP CONSTRAINT state_is_known;
ALTER TABLE payment DROP CONSTRAINT open_iff_next_check_time;
ALTER TABLE payment
    ADD CONSTRAINT state_is_known CHECK (
        state IN ('INITIATING', 'AWAITING_PAYER', 'CLIENT_REPORTED', 'HELD', 'SUCCEEDED', 'CLOSED', 'FAILED')),
    ADD CONSTRAINT open_iff_next_check_time CHECK (
        (state IN ('INITIATING', 'AWAITING_PAYER', 'CLIENT_REPORTED', 'HELD')) = (next_check_time IS NOT NULL)),
    ADD CONSTRAINT held_has_next_check_time CHECK (state <> 'HELD' OR next_check_time IS NOT NULL);
COMMENT ON COLUMN payment.capture_intend_time IS 'When we decided to take approved or held money; from then on it is not closed by us alone.';
COMMENT ON COLUMN payment.hold_intend_time IS 'When we decided to have approved money held; from then on it is not closed by us alone.';

CREATE TABLE payment_hold (
    payment_no text PRIMARY KEY REFERENCES payment,
    hold_no text NOT NULL,
    hold_time timestamptz NOT NULL,
    honour_end_time timestamptz NOT NULL,
    expire_time timestamptz NOT NULL
);
COMMENT ON TABLE payment_hold IS 'The money that a channel holds, or held, for a payment; a row only where it did.';
COMMENT ON COLUMN payment_hold.payment_no IS 'The payment.';
COMMENT ON COLUMN payment_hold.hold_no IS 'The channel''s number of it.';
COMMENT ON COLUMN payment_hold.hold_time IS 'Since when, by the channel''s clock where it tells.';
COMMENT ON COLUMN payment_hold.honour_end_time IS 'Until when the channel stands in for the money.';
COMMENT ON COLUMN payment_hold.expire_time IS 'When the channel lets it go by itself; a held payment''s time is over then.';

ALTER TABLE payment_transition DROP CONSTRAINT source_is_known;
ALTER TABLE payment_transition ADD CONSTRAINT source_is_known CHECK (source IN (
    'CALLER_REQUEST', 'CLIENT_RESULT', 'CREATE_ANSWER', 'QUERY_ANSWER', 'HOLD_ANSWER', 'CAPTURE_ANSWER', 'CLOSE_ANSWER',
    'REFUND_ANSWER', 'NOTIFICATION', 'CAPTURE_GATE'));
ALTER TABLE payment_transition ADD CONSTRAINT hold_is_verified CHECK (to_state <> 'HELD' OR verified_by IS NOT NULL);

ALTER TABLE outbox_event DROP CONSTRAINT event_is_known;
ALTER TABLE outbox_event ADD CONSTRAINT event_is_known CHECK (event IN (
    'payment.authorized', 'payment.succeeded', 'payment.closed', 'payment.failed', 'payment.duplicate_found',
    'refund.progressed', 'refund.succeeded', 'case.opened'));

ALTER TABLE payment_case DROP CONSTRAINT kind_is_known;
ALTER TABLE payment_case ADD CONSTRAINT kind_is_known CHECK (kind IN (
    'UNKNOWN_PAYMENT', 'AMOUNT_MISMATCH', 'PAYEE_MISMATCH', 'TRANSACTION_MISMATCH', 'PAYMENT_REVERSED',
    'PAYMENT_DISPUTED', 'REFUND_NEEDS_PERSON', 'REFUND_MISMATCH', 'REFUND_EXCEEDS_PAID'));
COMMENT ON COLUMN payment_case.refund_no IS 'The refund, where it is about one; for money that was taken back, the channel''s number of that.';
