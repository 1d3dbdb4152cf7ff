-- Payments, their orders, what moved them, what callers are told, what channels sent, and what fits nowhere.
-- All states are words, so that an operator reads them without a key; CHECKs hold the words and the rules.

CREATE TABLE merchant_order (
    merchant_id text NOT NULL,
    order_no text NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, order_no)
);
COMMENT ON TABLE merchant_order IS 'The row that is locked for an order (R24). We do not own orders, only what was paid for them.';
COMMENT ON COLUMN merchant_order.merchant_id IS 'Whose order.';
COMMENT ON COLUMN merchant_order.order_no IS 'The merchant''s number of it.';
COMMENT ON COLUMN merchant_order.create_time IS 'When a payment for it was first asked for.';

CREATE TABLE payment (
    payment_no text PRIMARY KEY,
    merchant_id text NOT NULL,
    request_id text NOT NULL,
    created_by text NOT NULL,
    channel text NOT NULL,
    channel_account text NOT NULL,
    product text NOT NULL,
    payee text NOT NULL,
    currency text NOT NULL,
    amount bigint NOT NULL,
    description text NOT NULL,
    options jsonb NOT NULL,
    payer_client_ip text,
    state text NOT NULL,
    revision integer NOT NULL,
    channel_transaction_no text,
    handle text,
    handle_expire_time timestamptz,
    failure_reason text,
    failure_code text,
    create_time timestamptz NOT NULL,
    expire_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    client_report_time timestamptz,
    succeed_time timestamptz,
    end_time timestamptz,
    CONSTRAINT payment_no_is_well_formed CHECK (payment_no ~ '^P[0-9]{10}[0-9A-Z]{20}$'),
    CONSTRAINT currency_is_iso_4217 CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT amount_is_positive CHECK (amount > 0),
    CONSTRAINT state_is_known CHECK (
        state IN ('INITIATING', 'AWAITING_PAYER', 'CLIENT_REPORTED', 'SUCCEEDED', 'CLOSED', 'FAILED')),
    CONSTRAINT revision_is_not_negative CHECK (revision >= 0),
    CONSTRAINT succeeded_iff_succeed_time CHECK ((state = 'SUCCEEDED') = (succeed_time IS NOT NULL)),
    CONSTRAINT succeeded_iff_channel_transaction_no CHECK (
        (state = 'SUCCEEDED') = (channel_transaction_no IS NOT NULL)),
    CONSTRAINT ended_has_end_time CHECK (state NOT IN ('CLOSED', 'FAILED') OR end_time IS NOT NULL),
    CONSTRAINT failed_has_failure CHECK (state <> 'FAILED' OR failure_reason IS NOT NULL),
    CONSTRAINT failure_has_reason_and_code CHECK ((failure_reason IS NULL) = (failure_code IS NULL)),
    CONSTRAINT awaiting_payer_has_handle CHECK (state <> 'AWAITING_PAYER' OR handle IS NOT NULL),
    CONSTRAINT handle_iff_handle_expire_time CHECK ((handle IS NULL) = (handle_expire_time IS NULL)),
    CONSTRAINT client_reported_has_client_report_time CHECK (
        state <> 'CLIENT_REPORTED' OR client_report_time IS NOT NULL),
    CONSTRAINT expires_after_creation CHECK (expire_time > create_time)
);
CREATE INDEX payment_of_merchant ON payment (merchant_id, payment_no DESC);
CREATE UNIQUE INDEX payment_one_for_each_channel_transaction
    ON payment (channel, channel_account, channel_transaction_no) WHERE channel_transaction_no IS NOT NULL;
COMMENT ON TABLE payment IS 'One attempt to pay one or several orders.';
COMMENT ON COLUMN payment.payment_no IS 'Our number; the channel''s merchant order number. Carries its UTC day and two shard digits.';
COMMENT ON COLUMN payment.merchant_id IS 'Whose payment.';
COMMENT ON COLUMN payment.request_id IS 'The caller''s key of the request that made it.';
COMMENT ON COLUMN payment.created_by IS 'Name of the API key that asked for it.';
COMMENT ON COLUMN payment.channel IS 'The channel.';
COMMENT ON COLUMN payment.channel_account IS 'The account at the channel.';
COMMENT ON COLUMN payment.product IS 'The way of paying in the channel.';
COMMENT ON COLUMN payment.payee IS 'Who must receive the money, as the channel names them (R8).';
COMMENT ON COLUMN payment.currency IS 'ISO 4217.';
COMMENT ON COLUMN payment.amount IS 'Minor units; the sum of its allocations; never changed (F28).';
COMMENT ON COLUMN payment.description IS 'What the payer reads.';
COMMENT ON COLUMN payment.options IS 'The product''s options as sent, so that a repeated create is byte-equal. May name the payer.';
COMMENT ON COLUMN payment.payer_client_ip IS 'The payer''s address as the caller saw it. Personal data.';
COMMENT ON COLUMN payment.state IS 'Where it is.';
COMMENT ON COLUMN payment.revision IS 'Counts its changes; orders its transitions and events.';
COMMENT ON COLUMN payment.channel_transaction_no IS 'The channel''s number, once paid.';
COMMENT ON COLUMN payment.handle IS 'What payment data is made from. Whoever holds it can pay with it.';
COMMENT ON COLUMN payment.handle_expire_time IS 'When the channel stops honouring the handle.';
COMMENT ON COLUMN payment.failure_reason IS 'Why the channel refused it.';
COMMENT ON COLUMN payment.failure_code IS 'The channel''s own code of the refusal.';
COMMENT ON COLUMN payment.create_time IS 'Recorded.';
COMMENT ON COLUMN payment.expire_time IS 'Until when the payer may pay.';
COMMENT ON COLUMN payment.update_time IS 'Last change.';
COMMENT ON COLUMN payment.client_report_time IS 'Reported paid by the payer''s app.';
COMMENT ON COLUMN payment.succeed_time IS 'Paid, by the channel''s clock where it tells.';
COMMENT ON COLUMN payment.end_time IS 'Closed or failed; stays when money comes after that (R6).';

CREATE TABLE create_request (
    merchant_id text NOT NULL,
    request_id text NOT NULL,
    payment_no text NOT NULL REFERENCES payment,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, request_id)
);
COMMENT ON TABLE create_request IS 'Which payment each CreatePayment got, so that a repeat gets the same (R14).';
COMMENT ON COLUMN create_request.merchant_id IS 'Whose request.';
COMMENT ON COLUMN create_request.request_id IS 'The caller''s key.';
COMMENT ON COLUMN create_request.payment_no IS 'The payment, made by this request or reused for it.';
COMMENT ON COLUMN create_request.create_time IS 'When it was answered first.';

CREATE TABLE allocation (
    payment_no text NOT NULL REFERENCES payment,
    order_no text NOT NULL,
    merchant_id text NOT NULL,
    amount bigint NOT NULL,
    state text NOT NULL,
    PRIMARY KEY (payment_no, order_no),
    FOREIGN KEY (merchant_id, order_no) REFERENCES merchant_order,
    CONSTRAINT amount_is_positive CHECK (amount > 0),
    CONSTRAINT state_is_known CHECK (state IN ('PENDING', 'EFFECTIVE', 'DUPLICATE', 'RELEASED'))
);
CREATE INDEX allocation_of_order ON allocation (merchant_id, order_no, payment_no);
CREATE UNIQUE INDEX allocation_one_effective_for_each_order
    ON allocation (merchant_id, order_no) WHERE state = 'EFFECTIVE';
COMMENT ON TABLE allocation IS 'The tie of one payment to one order. At most one of an order is effective (R9).';
COMMENT ON COLUMN allocation.payment_no IS 'The payment.';
COMMENT ON COLUMN allocation.order_no IS 'The order.';
COMMENT ON COLUMN allocation.merchant_id IS 'Whose order.';
COMMENT ON COLUMN allocation.amount IS 'Minor units of the payment''s currency that are for this order.';
COMMENT ON COLUMN allocation.state IS 'Where it is.';

CREATE TABLE notification (
    notification_id uuid PRIMARY KEY,
    merchant_id text NOT NULL,
    channel text NOT NULL,
    channel_account text NOT NULL,
    receive_time timestamptz NOT NULL,
    target text NOT NULL,
    headers bytea NOT NULL,
    body bytea NOT NULL,
    verdict text NOT NULL,
    rejection text,
    rejection_description text,
    verified_by text,
    channel_notification_id text,
    payment_no text,
    CONSTRAINT verdict_is_known CHECK (
        verdict IN ('APPLIED', 'REPEATED', 'CASE_OPENED', 'IRRELEVANT', 'REJECTED')),
    CONSTRAINT rejected_iff_rejection CHECK ((verdict = 'REJECTED') = (rejection IS NOT NULL)),
    CONSTRAINT verified_unless_rejected CHECK (verdict = 'REJECTED' OR verified_by IS NOT NULL)
);
CREATE INDEX notification_of_payment ON notification (payment_no, receive_time) WHERE payment_no IS NOT NULL;
CREATE INDEX notification_by_time ON notification (receive_time);
COMMENT ON TABLE notification IS 'Every notification as it came, each delivery a row, with what became of it.';
COMMENT ON COLUMN notification.notification_id IS 'Ours; time-ordered.';
COMMENT ON COLUMN notification.merchant_id IS 'Whose account the URL named.';
COMMENT ON COLUMN notification.channel IS 'The channel that the URL named.';
COMMENT ON COLUMN notification.channel_account IS 'The account that the URL named.';
COMMENT ON COLUMN notification.receive_time IS 'When it came.';
COMMENT ON COLUMN notification.target IS 'Path and query as received.';
COMMENT ON COLUMN notification.headers IS 'Headers as received, one "name: value" a line.';
COMMENT ON COLUMN notification.body IS 'The raw body, byte for byte. May hold personal data, sealed or not.';
COMMENT ON COLUMN notification.verdict IS 'What became of it.';
COMMENT ON COLUMN notification.rejection IS 'Why it was refused.';
COMMENT ON COLUMN notification.rejection_description IS 'For an operator: which header or field.';
COMMENT ON COLUMN notification.verified_by IS 'Serial of the key that verified it.';
COMMENT ON COLUMN notification.channel_notification_id IS 'The channel''s number, the same in each delivery.';
COMMENT ON COLUMN notification.payment_no IS 'The payment number that it names, ours or not.';

CREATE TABLE payment_transition (
    payment_no text NOT NULL REFERENCES payment,
    revision integer NOT NULL,
    event text NOT NULL,
    from_state text NOT NULL,
    to_state text NOT NULL,
    source text NOT NULL,
    caller text,
    notification_id uuid REFERENCES notification,
    evidence bytea,
    verified_by text,
    transition_time timestamptz NOT NULL,
    PRIMARY KEY (payment_no, revision),
    CONSTRAINT state_changes CHECK (from_state <> to_state),
    CONSTRAINT success_is_verified CHECK (to_state <> 'SUCCEEDED' OR verified_by IS NOT NULL),
    CONSTRAINT source_is_known CHECK (
        source IN ('CALLER_REQUEST', 'CLIENT_RESULT', 'CREATE_ANSWER', 'QUERY_ANSWER', 'CLOSE_ANSWER', 'NOTIFICATION')),
    CONSTRAINT notification_iff_notified CHECK ((source = 'NOTIFICATION') = (notification_id IS NOT NULL))
);
COMMENT ON TABLE payment_transition IS 'Every change of a payment''s state with what caused it (R26).';
COMMENT ON COLUMN payment_transition.payment_no IS 'The payment.';
COMMENT ON COLUMN payment_transition.revision IS 'The payment''s revision that it made.';
COMMENT ON COLUMN payment_transition.event IS 'What happened.';
COMMENT ON COLUMN payment_transition.from_state IS 'The state before.';
COMMENT ON COLUMN payment_transition.to_state IS 'The state after.';
COMMENT ON COLUMN payment_transition.source IS 'Who said it.';
COMMENT ON COLUMN payment_transition.caller IS 'Name of the API key whose call led here.';
COMMENT ON COLUMN payment_transition.notification_id IS 'The delivery that said it; its bytes are there.';
COMMENT ON COLUMN payment_transition.evidence IS 'The channel''s or the app''s raw words, where no notification holds them.';
COMMENT ON COLUMN payment_transition.verified_by IS 'Serial of the key that verified them.';
COMMENT ON COLUMN payment_transition.transition_time IS 'When.';

CREATE TABLE outbox_event (
    event_id uuid PRIMARY KEY,
    merchant_id text NOT NULL,
    payment_no text NOT NULL,
    revision integer NOT NULL,
    position smallint NOT NULL,
    event text NOT NULL,
    create_time timestamptz NOT NULL,
    CONSTRAINT event_is_known CHECK (
        event IN ('payment.succeeded', 'payment.closed', 'payment.failed', 'payment.duplicate_found', 'case.opened'))
);
CREATE UNIQUE INDEX outbox_event_success_is_told_once ON outbox_event (payment_no) WHERE event = 'payment.succeeded';
CREATE INDEX outbox_event_of_payment ON outbox_event (payment_no, revision, position);
COMMENT ON TABLE outbox_event IS 'What callers are to be told, written with the change that makes it true (R27).';
COMMENT ON COLUMN outbox_event.event_id IS 'Ours; time-ordered.';
COMMENT ON COLUMN outbox_event.merchant_id IS 'Who is told.';
COMMENT ON COLUMN outbox_event.payment_no IS 'The payment number that it is about, ours or (for a case) one that a channel named.';
COMMENT ON COLUMN outbox_event.revision IS 'The payment''s revision; 0 for a payment that is not ours.';
COMMENT ON COLUMN outbox_event.position IS 'Order within the revision, from 0.';
COMMENT ON COLUMN outbox_event.event IS 'What is told.';
COMMENT ON COLUMN outbox_event.create_time IS 'When it became true.';

CREATE TABLE payment_case (
    case_id uuid PRIMARY KEY,
    merchant_id text NOT NULL,
    kind text NOT NULL,
    channel text NOT NULL,
    channel_account text NOT NULL,
    payment_no text NOT NULL,
    order_no text,
    channel_transaction_no text,
    currency text,
    amount bigint,
    description text NOT NULL,
    source text NOT NULL,
    notification_id uuid REFERENCES notification,
    evidence bytea,
    verified_by text,
    open_time timestamptz NOT NULL,
    CONSTRAINT kind_is_known CHECK (
        kind IN ('UNKNOWN_PAYMENT', 'AMOUNT_MISMATCH', 'PAYEE_MISMATCH', 'TRANSACTION_MISMATCH', 'DUPLICATE_PAYMENT')),
    CONSTRAINT amount_has_currency CHECK ((amount IS NULL) = (currency IS NULL))
);
CREATE UNIQUE INDEX payment_case_opened_once ON payment_case (
    channel, channel_account, payment_no, kind, coalesce(order_no, ''), coalesce(channel_transaction_no, ''));
COMMENT ON TABLE payment_case IS 'Money or evidence that fits nowhere, in sight until somebody has dealt with it.';
COMMENT ON COLUMN payment_case.case_id IS 'Ours; time-ordered.';
COMMENT ON COLUMN payment_case.merchant_id IS 'Whose account it came to.';
COMMENT ON COLUMN payment_case.kind IS 'Why it is open.';
COMMENT ON COLUMN payment_case.channel IS 'The channel.';
COMMENT ON COLUMN payment_case.channel_account IS 'The account at the channel.';
COMMENT ON COLUMN payment_case.payment_no IS 'The payment number that the channel named, ours or not.';
COMMENT ON COLUMN payment_case.order_no IS 'The order, where it is about one.';
COMMENT ON COLUMN payment_case.channel_transaction_no IS 'The channel''s number of the money.';
COMMENT ON COLUMN payment_case.currency IS 'ISO 4217.';
COMMENT ON COLUMN payment_case.amount IS 'Minor units that it is about.';
COMMENT ON COLUMN payment_case.description IS 'What was expected and what was said.';
COMMENT ON COLUMN payment_case.source IS 'Who said it.';
COMMENT ON COLUMN payment_case.notification_id IS 'The delivery that said it; its bytes are there.';
COMMENT ON COLUMN payment_case.evidence IS 'The channel''s raw words, where no notification holds them.';
COMMENT ON COLUMN payment_case.verified_by IS 'Serial of the key that verified them.';
COMMENT ON COLUMN payment_case.open_time IS 'When.';
