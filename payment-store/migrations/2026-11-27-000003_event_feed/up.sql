-- The feed: events are numbered for each merchant after their commit, under the lock of that merchant's row here. A
-- transaction that commits late gets a late number, so a cursor never passes over it (R27).

CREATE TABLE event_feed (
    merchant_id text PRIMARY KEY,
    last_no bigint NOT NULL,
    trimmed_no bigint NOT NULL,
    trimmed_before timestamptz,
    CONSTRAINT trimmed_within_numbered CHECK (trimmed_no BETWEEN 0 AND last_no),
    CONSTRAINT trimmed_iff_trimmed_before CHECK ((trimmed_no = 0) = (trimmed_before IS NULL))
);
COMMENT ON TABLE event_feed IS 'How far each merchant''s events are numbered. Its row is locked while numbers are given.';
COMMENT ON COLUMN event_feed.merchant_id IS 'Whose feed.';
COMMENT ON COLUMN event_feed.last_no IS 'The number given last; 0 before the first.';
COMMENT ON COLUMN event_feed.trimmed_no IS 'Events up to this number were deleted, because they were older than was to be kept.';
COMMENT ON COLUMN event_feed.trimmed_before IS 'Every event that was deleted is older than this.';

ALTER TABLE outbox_event
    ADD COLUMN feed_no bigint,
    ADD COLUMN case_id uuid,
    ADD COLUMN snapshot jsonb;
ALTER TABLE outbox_event ADD CONSTRAINT feed_no_is_positive CHECK (feed_no > 0);
-- Whoever numbers finds what has none, in the order of each payment: itself by revision, then its refunds by theirs.
CREATE INDEX outbox_event_unnumbered
    ON outbox_event (merchant_id, payment_no, refund_no NULLS FIRST, revision, position, event_id)
    WHERE feed_no IS NULL;
CREATE UNIQUE INDEX outbox_event_one_for_each_number ON outbox_event (merchant_id, feed_no) WHERE feed_no IS NOT NULL;
CREATE UNIQUE INDEX outbox_event_case_is_told_once ON outbox_event (case_id, event) WHERE case_id IS NOT NULL;
COMMENT ON COLUMN outbox_event.position IS
    'Order within the revision, from 0; from 1000 what is told beside it, from 2000 that a case was resolved.';
COMMENT ON COLUMN outbox_event.feed_no IS 'Its place in the merchant''s feed, given after the commit.';
COMMENT ON COLUMN outbox_event.case_id IS 'The case, where it is about one.';
COMMENT ON COLUMN outbox_event.snapshot IS
    'What was true when it was written, in the same transaction; no payer''s data. Absent where an older version wrote it.';

ALTER TABLE outbox_event DROP CONSTRAINT event_is_known;
ALTER TABLE outbox_event ADD CONSTRAINT event_is_known CHECK (event IN (
    'payment.authorized', 'payment.succeeded', 'payment.closed', 'payment.failed', 'payment.duplicate_found',
    'refund.progressed', 'refund.needs_attention', 'refund.succeeded', 'case.opened', 'case.resolved'));

CREATE TABLE event_consumer (
    consumer text NOT NULL,
    merchant_id text NOT NULL,
    delivered_no bigint NOT NULL,
    holder uuid,
    lease_end timestamptz,
    PRIMARY KEY (consumer, merchant_id),
    CONSTRAINT delivered_is_not_negative CHECK (delivered_no >= 0),
    CONSTRAINT held_iff_lease_end CHECK ((holder IS NULL) = (lease_end IS NULL))
);
COMMENT ON TABLE event_consumer IS 'How far each of the service''s own consumers of a feed has come. Undelivered events are never deleted.';
COMMENT ON COLUMN event_consumer.consumer IS 'Which consumer, such as nats.';
COMMENT ON COLUMN event_consumer.merchant_id IS 'Whose feed.';
COMMENT ON COLUMN event_consumer.delivered_no IS 'Everything up to this number was delivered.';
COMMENT ON COLUMN event_consumer.holder IS 'The process that delivers now.';
COMMENT ON COLUMN event_consumer.lease_end IS 'When another process may take over.';
