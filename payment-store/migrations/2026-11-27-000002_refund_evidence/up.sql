-- What is sent again byte for byte (R17), looks at payments after their end (R6), and the death of a number that the
-- channel never accepted (R26).

ALTER TABLE payment ADD COLUMN notify_url text;
COMMENT ON COLUMN payment.notify_url IS 'Where the channel was told to notify us, so that a repeated create is byte-equal.';
ALTER TABLE refund ADD COLUMN notify_url text;
COMMENT ON COLUMN refund.notify_url IS 'Where the channel was told to notify us, kept before it is sent first, so that it is repeated byte for byte.';

-- An ended payment may be due for a late look. Every row fits, because every row fitted the stricter rule before; so
-- nothing is scanned under the lock. Until the last old binary has gone, it may take a late look for one of its own and
-- ask too often.
ALTER TABLE payment DROP CONSTRAINT open_iff_next_check_time;
ALTER TABLE payment
    ADD CONSTRAINT open_has_next_check_time CHECK (
        state NOT IN ('INITIATING', 'AWAITING_PAYER', 'CLIENT_REPORTED') OR next_check_time IS NOT NULL) NOT VALID,
    ADD CONSTRAINT succeeded_has_no_next_check_time CHECK (
        state <> 'SUCCEEDED' OR next_check_time IS NULL) NOT VALID;
COMMENT ON COLUMN payment.next_check_time IS 'When a scheduler asks about it next, after its end too; while one does, when its lease ends.';

ALTER TABLE refund_transition DROP CONSTRAINT state_changes;
ALTER TABLE refund_transition ADD CONSTRAINT state_changes_unless_number_died CHECK (
    from_state <> to_state OR event = 'NUMBER_DIED') NOT VALID;
