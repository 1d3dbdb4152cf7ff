-- Webhooks: what of each merchant's feed is to be delivered to which endpoint, how far that has come, and a log of attempts.
-- An endpoint's deliveries follow the feed; a payment's events wait for one another, other payments' do not.

CREATE TABLE webhook_endpoint (
    merchant_id text NOT NULL,
    endpoint text NOT NULL,
    fanned_out_no bigint NOT NULL,
    pause_reason text,
    pause_time timestamptz,
    failing_since timestamptz,
    hold_until timestamptz,
    resume_time timestamptz,
    last_success_time timestamptz,
    create_time timestamptz NOT NULL,
    seen_time timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, endpoint),
    CONSTRAINT fanned_out_is_not_negative CHECK (fanned_out_no >= 0),
    CONSTRAINT pause_reason_is_known CHECK (pause_reason IN ('FAILING', 'GONE', 'OPERATOR')),
    CONSTRAINT paused_iff_pause_time CHECK ((pause_reason IS NULL) = (pause_time IS NULL))
);
COMMENT ON TABLE webhook_endpoint IS 'An endpoint of the configuration, since it was first seen. Its row is locked while its deliveries change hands.';
COMMENT ON COLUMN webhook_endpoint.merchant_id IS 'Whose.';
COMMENT ON COLUMN webhook_endpoint.endpoint IS 'Its name in the configuration.';
COMMENT ON COLUMN webhook_endpoint.fanned_out_no IS 'Events up to this number of the feed are deliveries, or not wanted. The feed''s end when the endpoint was first seen.';
COMMENT ON COLUMN webhook_endpoint.pause_reason IS 'Why it gets no events: it took none for long, answered 410, or an operator said so.';
COMMENT ON COLUMN webhook_endpoint.pause_time IS 'Since when.';
COMMENT ON COLUMN webhook_endpoint.failing_since IS 'The first failure since the last event that it took.';
COMMENT ON COLUMN webhook_endpoint.hold_until IS 'Until when it is left alone: it asked for it, or the next probe comes then.';
COMMENT ON COLUMN webhook_endpoint.resume_time IS 'When it was resumed; what was tried before that is due at once.';
COMMENT ON COLUMN webhook_endpoint.last_success_time IS 'When it last took an event.';
COMMENT ON COLUMN webhook_endpoint.create_time IS 'When it was first seen.';
COMMENT ON COLUMN webhook_endpoint.seen_time IS 'When a process last had it in its configuration; what waits for it is kept in the feed because of that.';

CREATE TABLE webhook_delivery (
    merchant_id text NOT NULL,
    endpoint text NOT NULL,
    event_no bigint NOT NULL,
    payment_no text NOT NULL,
    event_time timestamptz NOT NULL,
    attempts integer NOT NULL,
    failures integer NOT NULL,
    next_attempt_time timestamptz,
    claim_end timestamptz,
    last_attempt_time timestamptz,
    deliver_time timestamptz,
    PRIMARY KEY (merchant_id, endpoint, event_no),
    FOREIGN KEY (merchant_id, endpoint) REFERENCES webhook_endpoint,
    CONSTRAINT attempts_are_counted CHECK (0 <= failures AND failures <= attempts),
    CONSTRAINT attempted_iff_last_attempt_time CHECK ((attempts > 0) = (last_attempt_time IS NOT NULL)),
    CONSTRAINT delivered_is_not_due CHECK (deliver_time IS NULL OR next_attempt_time IS NULL),
    CONSTRAINT claimed_is_due CHECK (claim_end IS NULL OR next_attempt_time IS NOT NULL)
);
CREATE UNIQUE INDEX webhook_delivery_one_of_each_payment_at_a_time
    ON webhook_delivery (merchant_id, endpoint, payment_no) WHERE next_attempt_time IS NOT NULL;
CREATE INDEX webhook_delivery_due
    ON webhook_delivery (merchant_id, endpoint, next_attempt_time) WHERE next_attempt_time IS NOT NULL;
CREATE INDEX webhook_delivery_tried
    ON webhook_delivery (merchant_id, endpoint, last_attempt_time) WHERE next_attempt_time IS NOT NULL;
CREATE INDEX webhook_delivery_undelivered
    ON webhook_delivery (merchant_id, endpoint, event_no) WHERE deliver_time IS NULL;
CREATE INDEX webhook_delivery_of_payment ON webhook_delivery (merchant_id, endpoint, payment_no, event_no);
CREATE INDEX webhook_delivery_by_deliver_time ON webhook_delivery (deliver_time) WHERE deliver_time IS NOT NULL;
COMMENT ON TABLE webhook_delivery IS 'An event that an endpoint is to get or got. It has no failed state: it is tried until the endpoint takes it.';
COMMENT ON COLUMN webhook_delivery.merchant_id IS 'Whose.';
COMMENT ON COLUMN webhook_delivery.endpoint IS 'Where to.';
COMMENT ON COLUMN webhook_delivery.event_no IS 'The event''s number in the feed.';
COMMENT ON COLUMN webhook_delivery.payment_no IS 'The payment that it is about; its events go one after the other.';
COMMENT ON COLUMN webhook_delivery.event_time IS 'When the event became true.';
COMMENT ON COLUMN webhook_delivery.attempts IS 'How often a process took it to send it; tells one claim from a later one.';
COMMENT ON COLUMN webhook_delivery.failures IS 'How often the endpoint did not take it, since it was last made due; the step of back-off.';
COMMENT ON COLUMN webhook_delivery.next_attempt_time IS 'When it is due. Absent once it was delivered, and while an earlier event of its payment was not.';
COMMENT ON COLUMN webhook_delivery.claim_end IS 'While a process sends it: when another one may take it.';
COMMENT ON COLUMN webhook_delivery.last_attempt_time IS 'When a process last took it.';
COMMENT ON COLUMN webhook_delivery.deliver_time IS 'When the endpoint took it.';

CREATE TABLE webhook_attempt (
    merchant_id text NOT NULL,
    endpoint text NOT NULL,
    event_no bigint NOT NULL,
    attempt integer NOT NULL,
    start_time timestamptz NOT NULL,
    duration_milliseconds integer NOT NULL,
    result text NOT NULL,
    status_code smallint,
    description text NOT NULL,
    response_excerpt text NOT NULL,
    PRIMARY KEY (merchant_id, endpoint, event_no, attempt),
    FOREIGN KEY (merchant_id, endpoint, event_no) REFERENCES webhook_delivery ON DELETE CASCADE,
    CONSTRAINT result_is_known CHECK (result IN (
        'DELIVERED', 'REDIRECTED', 'GONE', 'THROTTLED', 'REFUSED', 'TIMED_OUT', 'NOT_CONNECTED', 'ADDRESS_FORBIDDEN',
        'BROKEN', 'NOT_SENT')),
    CONSTRAINT delivered_has_status_code CHECK (result <> 'DELIVERED' OR status_code IS NOT NULL),
    CONSTRAINT delivered_keeps_no_excerpt CHECK (result <> 'DELIVERED' OR response_excerpt = '')
);
COMMENT ON TABLE webhook_attempt IS 'Each attempt whose outcome is known. A number that is missing was taken by a process that died.';
COMMENT ON COLUMN webhook_attempt.merchant_id IS 'Whose.';
COMMENT ON COLUMN webhook_attempt.endpoint IS 'Where to.';
COMMENT ON COLUMN webhook_attempt.event_no IS 'The event''s number in the feed.';
COMMENT ON COLUMN webhook_attempt.attempt IS 'Counts the attempts of the delivery, from 1.';
COMMENT ON COLUMN webhook_attempt.start_time IS 'When it began; what webhook-timestamp said.';
COMMENT ON COLUMN webhook_attempt.duration_milliseconds IS 'How long it took.';
COMMENT ON COLUMN webhook_attempt.result IS 'What it came to.';
COMMENT ON COLUMN webhook_attempt.status_code IS 'The status of the answer, if there was one.';
COMMENT ON COLUMN webhook_attempt.description IS 'Why there was no answer; empty otherwise. Names no URL.';
COMMENT ON COLUMN webhook_attempt.response_excerpt IS 'The beginning of a refusal''s body, as long as configured. The receiver''s words: may hold what it should not have said.';
