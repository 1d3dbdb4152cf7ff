DROP TABLE operator_act;
ALTER TABLE notification DROP COLUMN replay_of, DROP COLUMN replayed_by;
-- The words of one case at most can stand under the former index: those that were opened again go.
DELETE FROM payment_case WHERE state = 'RESOLVED' AND kind = 'REFUND_NEEDS_PERSON';
DROP INDEX payment_case_of_payment;
DROP INDEX payment_case_of_merchant;
DROP INDEX payment_case_unresolved;
DROP INDEX payment_case_opened_once;
ALTER TABLE payment_case
    DROP COLUMN state, DROP COLUMN resolution, DROP COLUMN resolution_order_no, DROP COLUMN resolution_reason,
    DROP COLUMN proposed_by, DROP COLUMN approved_by, DROP COLUMN resolution_refund_no, DROP COLUMN update_time,
    DROP COLUMN resolve_time;
CREATE UNIQUE INDEX payment_case_opened_once ON payment_case (
    channel, channel_account, payment_no, kind, coalesce(refund_no, ''), coalesce(order_no, ''),
    coalesce(channel_transaction_no, ''));
