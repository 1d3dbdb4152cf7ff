DROP TABLE event_consumer;
-- Kinds that the older version does not know.
DELETE FROM outbox_event WHERE event IN ('payment.authorized', 'refund.needs_attention', 'case.resolved');
ALTER TABLE outbox_event DROP CONSTRAINT event_is_known;
ALTER TABLE outbox_event ADD CONSTRAINT event_is_known CHECK (event IN (
    'payment.succeeded', 'payment.closed', 'payment.failed', 'payment.duplicate_found', 'refund.progressed',
    'refund.succeeded', 'case.opened'));
DROP INDEX outbox_event_case_is_told_once;
DROP INDEX outbox_event_one_for_each_number;
DROP INDEX outbox_event_unnumbered;
COMMENT ON COLUMN outbox_event.position IS 'Order within the revision, from 0.';
ALTER TABLE outbox_event DROP COLUMN feed_no, DROP COLUMN case_id, DROP COLUMN snapshot;
DROP TABLE event_feed;
