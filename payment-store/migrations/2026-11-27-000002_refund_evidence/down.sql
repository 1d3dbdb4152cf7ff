DELETE FROM refund_transition WHERE from_state = to_state;
ALTER TABLE refund_transition DROP CONSTRAINT state_changes_unless_number_died;
ALTER TABLE refund_transition ADD CONSTRAINT state_changes CHECK (from_state <> to_state);

UPDATE payment SET next_check_time = NULL WHERE state IN ('CLOSED', 'FAILED');
ALTER TABLE payment DROP CONSTRAINT open_has_next_check_time;
ALTER TABLE payment DROP CONSTRAINT succeeded_has_no_next_check_time;
-- As the migration of holds left it, which is before this one.
ALTER TABLE payment ADD CONSTRAINT open_iff_next_check_time CHECK (
    (state IN ('INITIATING', 'AWAITING_PAYER', 'CLIENT_REPORTED', 'HELD')) = (next_check_time IS NOT NULL));
COMMENT ON COLUMN payment.next_check_time IS 'When a scheduler asks about it next; while one does, when its lease ends.';

ALTER TABLE refund DROP COLUMN notify_url;
ALTER TABLE payment DROP COLUMN notify_url;
