-- Refunds with their reservations (R15 to R18), and the due times by which the schedulers find work (R19 to R22).

ALTER TABLE payment
    ADD COLUMN refund_reserved bigint NOT NULL DEFAULT 0,
    ADD COLUMN next_check_time timestamptz,
    ADD COLUMN checks integer NOT NULL DEFAULT 0,
    ADD COLUMN capture_intend_time timestamptz;
UPDATE payment SET next_check_time = create_time WHERE state IN ('INITIATING', 'AWAITING_PAYER', 'CLIENT_REPORTED');
ALTER TABLE payment
    ADD CONSTRAINT refunds_not_over_paid CHECK (refund_reserved BETWEEN 0 AND amount),
    ADD CONSTRAINT refunds_only_of_paid CHECK (refund_reserved = 0 OR state = 'SUCCEEDED'),
    ADD CONSTRAINT open_iff_next_check_time CHECK (
        (state IN ('INITIATING', 'AWAITING_PAYER', 'CLIENT_REPORTED')) = (next_check_time IS NOT NULL));
CREATE INDEX payment_due ON payment (next_check_time) WHERE next_check_time IS NOT NULL;
COMMENT ON COLUMN payment.refund_reserved IS 'Minor units that refunds reserve, are giving back, or gave back (R15).';
COMMENT ON COLUMN payment.next_check_time IS 'When a scheduler asks about it next; while one does, when its lease ends.';
COMMENT ON COLUMN payment.checks IS 'How often schedulers asked about it in its present state.';
COMMENT ON COLUMN payment.capture_intend_time IS 'When we decided to take approved money; from then on it is not closed by us alone.';

ALTER TABLE allocation ADD COLUMN refund_reserved bigint NOT NULL DEFAULT 0;
ALTER TABLE allocation
    ADD CONSTRAINT refunds_not_over_paid CHECK (refund_reserved BETWEEN 0 AND amount),
    ADD CONSTRAINT refunds_only_of_paid CHECK (refund_reserved = 0 OR state IN ('EFFECTIVE', 'DUPLICATE'));
CREATE INDEX allocation_duplicate_to_refund ON allocation (payment_no)
    WHERE state = 'DUPLICATE' AND refund_reserved < amount;
COMMENT ON COLUMN allocation.refund_reserved IS 'Minor units that refunds reserve, are giving back, or gave back for this order (R15).';

CREATE TABLE refund (
    merchant_id text NOT NULL,
    refund_no text NOT NULL,
    payment_no text NOT NULL REFERENCES payment,
    channel text NOT NULL,
    channel_account text NOT NULL,
    amount bigint NOT NULL,
    reason text NOT NULL,
    description text NOT NULL,
    origin text NOT NULL,
    created_by text,
    state text NOT NULL,
    revision integer NOT NULL,
    sent_as text NOT NULL,
    successors smallint NOT NULL,
    channel_refund_no text,
    attention text,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    succeed_time timestamptz,
    next_check_time timestamptz,
    checks integer NOT NULL DEFAULT 0,
    PRIMARY KEY (merchant_id, refund_no),
    CONSTRAINT amount_is_positive CHECK (amount > 0),
    CONSTRAINT reason_is_known CHECK (reason IN ('RETURN', 'CANCELLATION', 'DUPLICATE', 'OTHER')),
    CONSTRAINT origin_is_known CHECK (origin IN ('CALLER', 'DUPLICATE', 'CHANNEL')),
    CONSTRAINT caller_iff_created_by CHECK ((origin = 'CALLER') = (created_by IS NOT NULL)),
    CONSTRAINT state_is_known CHECK (state IN ('PENDING', 'PROCESSING', 'SUCCEEDED')),
    CONSTRAINT succeeded_iff_succeed_time CHECK ((state = 'SUCCEEDED') = (succeed_time IS NOT NULL)),
    CONSTRAINT succeeded_iff_not_checked CHECK ((state = 'SUCCEEDED') = (next_check_time IS NULL)),
    CONSTRAINT sent_as_own_number_iff_no_successor CHECK ((sent_as = refund_no) = (successors = 0))
);
CREATE INDEX refund_due ON refund (next_check_time) WHERE next_check_time IS NOT NULL;
CREATE INDEX refund_of_payment ON refund (payment_no);
CREATE INDEX refund_of_merchant ON refund (merchant_id, create_time DESC, refund_no DESC);
CREATE UNIQUE INDEX refund_one_for_each_channel_refund
    ON refund (channel, channel_account, channel_refund_no) WHERE channel_refund_no IS NOT NULL;
COMMENT ON TABLE refund IS 'Money to be given back. There is no failed refund: what is owed is tried until it arrives (R17).';
COMMENT ON COLUMN refund.merchant_id IS 'Whose refund.';
COMMENT ON COLUMN refund.refund_no IS 'The number of the business that wants it, or derived from a duplicate allocation. Never changes.';
COMMENT ON COLUMN refund.payment_no IS 'The payment that it gives back a part of.';
COMMENT ON COLUMN refund.channel IS 'The channel of that payment.';
COMMENT ON COLUMN refund.channel_account IS 'The account of that payment.';
COMMENT ON COLUMN refund.amount IS 'Minor units of the payment''s currency; the sum of its parts.';
COMMENT ON COLUMN refund.reason IS 'Why.';
COMMENT ON COLUMN refund.description IS 'What the payer reads; may be empty.';
COMMENT ON COLUMN refund.origin IS 'Who wants it.';
COMMENT ON COLUMN refund.created_by IS 'Name of the API key that asked for it.';
COMMENT ON COLUMN refund.state IS 'Where it is.';
COMMENT ON COLUMN refund.revision IS 'Counts its changes.';
COMMENT ON COLUMN refund.sent_as IS 'The number under which the channel knows it: its own, or a successor''s after proof that the former is dead.';
COMMENT ON COLUMN refund.successors IS 'How many successor numbers it took.';
COMMENT ON COLUMN refund.channel_refund_no IS 'The channel''s number.';
COMMENT ON COLUMN refund.attention IS 'Why a person is needed; the service goes on trying.';
COMMENT ON COLUMN refund.create_time IS 'Reserved.';
COMMENT ON COLUMN refund.update_time IS 'Last change.';
COMMENT ON COLUMN refund.succeed_time IS 'Arrived, by the channel''s clock where it tells.';
COMMENT ON COLUMN refund.next_check_time IS 'When a scheduler drives it next; while one does, when its lease ends.';
COMMENT ON COLUMN refund.checks IS 'How often schedulers drove it in its present state.';

CREATE TABLE refund_part (
    merchant_id text NOT NULL,
    refund_no text NOT NULL,
    order_no text NOT NULL,
    amount bigint NOT NULL,
    PRIMARY KEY (merchant_id, refund_no, order_no),
    FOREIGN KEY (merchant_id, refund_no) REFERENCES refund,
    CONSTRAINT amount_is_positive CHECK (amount > 0)
);
COMMENT ON TABLE refund_part IS 'How a refund is split over the payment''s orders.';
COMMENT ON COLUMN refund_part.merchant_id IS 'Whose refund.';
COMMENT ON COLUMN refund_part.refund_no IS 'The refund.';
COMMENT ON COLUMN refund_part.order_no IS 'The order.';
COMMENT ON COLUMN refund_part.amount IS 'Minor units that are given back for it.';

CREATE TABLE refund_number (
    merchant_id text NOT NULL,
    number text NOT NULL,
    refund_no text NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, number),
    FOREIGN KEY (merchant_id, refund_no) REFERENCES refund
);
COMMENT ON TABLE refund_number IS 'Every number under which a refund was ever sent: none is used for two refunds (R16).';
COMMENT ON COLUMN refund_number.merchant_id IS 'Whose number.';
COMMENT ON COLUMN refund_number.number IS 'The number that the channel is told.';
COMMENT ON COLUMN refund_number.refund_no IS 'The refund.';
COMMENT ON COLUMN refund_number.create_time IS 'Since when.';

CREATE TABLE refund_transition (
    merchant_id text NOT NULL,
    refund_no text NOT NULL,
    revision integer NOT NULL,
    event text NOT NULL,
    from_state text NOT NULL,
    to_state text NOT NULL,
    number text NOT NULL,
    source text NOT NULL,
    notification_id uuid REFERENCES notification,
    evidence bytea,
    verified_by text,
    transition_time timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, refund_no, revision),
    FOREIGN KEY (merchant_id, refund_no) REFERENCES refund,
    CONSTRAINT state_changes CHECK (from_state <> to_state),
    CONSTRAINT success_is_verified CHECK (to_state <> 'SUCCEEDED' OR verified_by IS NOT NULL),
    CONSTRAINT notification_iff_notified CHECK ((source = 'NOTIFICATION') = (notification_id IS NOT NULL))
);
COMMENT ON TABLE refund_transition IS 'Every change of a refund''s state with what caused it (R26).';
COMMENT ON COLUMN refund_transition.merchant_id IS 'Whose refund.';
COMMENT ON COLUMN refund_transition.refund_no IS 'The refund.';
COMMENT ON COLUMN refund_transition.revision IS 'The refund''s revision that it made.';
COMMENT ON COLUMN refund_transition.event IS 'What happened.';
COMMENT ON COLUMN refund_transition.from_state IS 'The state before.';
COMMENT ON COLUMN refund_transition.to_state IS 'The state after.';
COMMENT ON COLUMN refund_transition.number IS 'The number that the channel spoke of.';
COMMENT ON COLUMN refund_transition.source IS 'Who said it.';
COMMENT ON COLUMN refund_transition.notification_id IS 'The delivery that said it; its bytes are there.';
COMMENT ON COLUMN refund_transition.evidence IS 'The channel''s raw words, where no notification holds them.';
COMMENT ON COLUMN refund_transition.verified_by IS 'Serial of the key that verified them.';
COMMENT ON COLUMN refund_transition.transition_time IS 'When.';

ALTER TABLE payment_transition DROP CONSTRAINT source_is_known;
ALTER TABLE payment_transition ADD CONSTRAINT source_is_known CHECK (source IN (
    'CALLER_REQUEST', 'CLIENT_RESULT', 'CREATE_ANSWER', 'QUERY_ANSWER', 'CAPTURE_ANSWER', 'CLOSE_ANSWER', 'REFUND_ANSWER',
    'NOTIFICATION', 'CAPTURE_GATE'));
ALTER TABLE refund_transition ADD CONSTRAINT source_is_known CHECK (source IN (
    'CALLER_REQUEST', 'CLIENT_RESULT', 'CREATE_ANSWER', 'QUERY_ANSWER', 'CAPTURE_ANSWER', 'CLOSE_ANSWER', 'REFUND_ANSWER',
    'NOTIFICATION', 'CAPTURE_GATE'));

ALTER TABLE outbox_event ADD COLUMN refund_no text;
ALTER TABLE outbox_event DROP CONSTRAINT event_is_known;
ALTER TABLE outbox_event ADD CONSTRAINT event_is_known CHECK (event IN (
    'payment.succeeded', 'payment.closed', 'payment.failed', 'payment.duplicate_found', 'refund.progressed',
    'refund.succeeded', 'case.opened'));
CREATE UNIQUE INDEX outbox_event_refund_success_is_told_once
    ON outbox_event (merchant_id, refund_no) WHERE event = 'refund.succeeded';
COMMENT ON COLUMN outbox_event.refund_no IS 'The refund, where it is about one.';

ALTER TABLE payment_case ADD COLUMN refund_no text;
-- A duplicate waits for nobody any more: the scheduler finds those that are there and records their refunds (R21).
DELETE FROM payment_case WHERE kind = 'DUPLICATE_PAYMENT';
ALTER TABLE payment_case DROP CONSTRAINT kind_is_known;
ALTER TABLE payment_case ADD CONSTRAINT kind_is_known CHECK (kind IN (
    'UNKNOWN_PAYMENT', 'AMOUNT_MISMATCH', 'PAYEE_MISMATCH', 'TRANSACTION_MISMATCH', 'REFUND_NEEDS_PERSON',
    'REFUND_MISMATCH', 'REFUND_EXCEEDS_PAID'));
DROP INDEX payment_case_opened_once;
CREATE UNIQUE INDEX payment_case_opened_once ON payment_case (
    channel, channel_account, payment_no, kind, coalesce(refund_no, ''), coalesce(order_no, ''),
    coalesce(channel_transaction_no, ''));
COMMENT ON COLUMN payment_case.refund_no IS 'The refund, where it is about one.';
