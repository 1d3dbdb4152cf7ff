-- What operators see and do: cases are resolved, by two persons where much money is at stake; deliveries are replayed; every
-- act is kept with who did it and why (R26).

ALTER TABLE payment_case
    ADD COLUMN state text NOT NULL DEFAULT 'OPEN',
    ADD COLUMN resolution text,
    ADD COLUMN resolution_order_no text,
    ADD COLUMN resolution_reason text,
    ADD COLUMN proposed_by text,
    ADD COLUMN approved_by text,
    ADD COLUMN resolution_refund_no text,
    ADD COLUMN update_time timestamptz,
    ADD COLUMN resolve_time timestamptz;
ALTER TABLE payment_case
    ADD CONSTRAINT state_is_known CHECK (state IN ('OPEN', 'AWAITING_APPROVAL', 'RESOLVING', 'RESOLVED')),
    ADD CONSTRAINT resolution_is_known CHECK (resolution IN ('ATTACH', 'REFUND', 'DISMISS')),
    ADD CONSTRAINT open_iff_no_resolution CHECK ((state = 'OPEN') = (resolution IS NULL)),
    ADD CONSTRAINT resolution_has_reason_and_proposer CHECK (
        (resolution IS NULL) = (resolution_reason IS NULL) AND (resolution IS NULL) = (proposed_by IS NULL)),
    ADD CONSTRAINT order_only_with_attach CHECK (
        resolution_order_no IS NULL OR resolution IS NOT DISTINCT FROM 'ATTACH'),
    ADD CONSTRAINT refund_only_with_refund CHECK (
        resolution_refund_no IS NULL OR resolution IS NOT DISTINCT FROM 'REFUND'),
    ADD CONSTRAINT nobody_approves_their_own_proposal CHECK (approved_by IS NULL OR approved_by <> proposed_by),
    ADD CONSTRAINT resolved_iff_resolve_time CHECK ((state = 'RESOLVED') = (resolve_time IS NOT NULL));
-- What was resolved is not opened again by a repetition of its evidence. A refund that needs a person once more does: each of
-- its cases is opened by a change, never by a repetition.
DROP INDEX payment_case_opened_once;
CREATE UNIQUE INDEX payment_case_opened_once ON payment_case (
    channel, channel_account, payment_no, kind, coalesce(refund_no, ''), coalesce(order_no, ''),
    coalesce(channel_transaction_no, ''))
    WHERE kind <> 'REFUND_NEEDS_PERSON' OR state <> 'RESOLVED';
CREATE INDEX payment_case_unresolved ON payment_case (merchant_id, open_time, case_id) WHERE state <> 'RESOLVED';
CREATE INDEX payment_case_of_merchant ON payment_case (merchant_id, open_time, case_id);
CREATE INDEX payment_case_of_payment ON payment_case (payment_no);
COMMENT ON COLUMN payment_case.state IS 'How far its resolution is.';
COMMENT ON COLUMN payment_case.resolution IS 'What is to be done about it, or was.';
COMMENT ON COLUMN payment_case.resolution_order_no IS 'The order that the money is for, where a lost payment is recorded anew.';
COMMENT ON COLUMN payment_case.resolution_reason IS 'Why, in the operator''s words.';
COMMENT ON COLUMN payment_case.proposed_by IS 'The operator who wants it so, as name/key.';
COMMENT ON COLUMN payment_case.approved_by IS 'The second person, where one is needed.';
COMMENT ON COLUMN payment_case.resolution_refund_no IS 'The refund that gives its money back.';
COMMENT ON COLUMN payment_case.update_time IS 'Last step of its resolution.';
COMMENT ON COLUMN payment_case.resolve_time IS 'Since when it is nobody''s work any more.';

ALTER TABLE notification
    ADD COLUMN replay_of uuid,
    ADD COLUMN replayed_by text;
-- Nothing is scanned under the lock: the columns are new, so every row fits.
ALTER TABLE notification
    ADD CONSTRAINT notification_replay_of_fkey FOREIGN KEY (replay_of) REFERENCES notification NOT VALID,
    ADD CONSTRAINT replay_iff_replayed_by CHECK ((replay_of IS NULL) = (replayed_by IS NULL)) NOT VALID;
COMMENT ON COLUMN notification.replay_of IS 'The delivery that an operator had handled again.';
COMMENT ON COLUMN notification.replayed_by IS 'The operator, as name/key.';

CREATE TABLE operator_act (
    act_id uuid PRIMARY KEY,
    merchant_id text,
    actor text NOT NULL,
    act text NOT NULL,
    reason text NOT NULL,
    description text NOT NULL,
    payment_no text,
    refund_no text,
    case_id uuid REFERENCES payment_case,
    notification_id uuid REFERENCES notification,
    act_time timestamptz NOT NULL,
    CONSTRAINT act_is_known CHECK (act IN (
        'CASE_RESOLUTION_PROPOSED', 'CASE_RESOLUTION_APPROVED', 'CASE_RESOLUTION_REJECTED', 'CASE_RESOLUTION_BEGUN',
        'CASE_RESOLUTION_FAILED', 'CASE_RESOLVED', 'NOTIFICATION_REPLAYED', 'REFUND_RETRIED', 'REFUND_POSTPONED',
        'JOB_RUN', 'EVIDENCE_READ'))
);
CREATE INDEX operator_act_of_payment ON operator_act (payment_no, act_id) WHERE payment_no IS NOT NULL;
CREATE INDEX operator_act_of_case ON operator_act (case_id, act_id) WHERE case_id IS NOT NULL;
COMMENT ON TABLE operator_act IS 'What operators did, and why (R26). Never changed, never deleted.';
COMMENT ON COLUMN operator_act.act_id IS 'Ours; time-ordered.';
COMMENT ON COLUMN operator_act.merchant_id IS 'Whose data it was about; none where it was about the whole service.';
COMMENT ON COLUMN operator_act.actor IS 'Who, as name/key.';
COMMENT ON COLUMN operator_act.act IS 'What.';
COMMENT ON COLUMN operator_act.reason IS 'Why, in their words; may be empty for what only reads or looks.';
COMMENT ON COLUMN operator_act.description IS 'What it did, as a sentence.';
COMMENT ON COLUMN operator_act.payment_no IS 'The payment number that it was about, ours or one that a channel named.';
COMMENT ON COLUMN operator_act.refund_no IS 'The refund that it was about.';
COMMENT ON COLUMN operator_act.case_id IS 'The case that it was about.';
COMMENT ON COLUMN operator_act.notification_id IS 'The delivery that it was about.';
COMMENT ON COLUMN operator_act.act_time IS 'When.';
