-- The trace that a payment belongs to, so that what happens to it later, in another process, is told in the same one. A table
-- of its own: most payments have none, and no decision reads it.

CREATE TABLE payment_trace (
    payment_no text PRIMARY KEY REFERENCES payment,
    trace_parent text NOT NULL,
    CONSTRAINT trace_parent_is_well_formed CHECK (trace_parent ~ '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$')
);
COMMENT ON TABLE payment_trace IS 'Which trace a payment belongs to, where its caller said so.';
COMMENT ON COLUMN payment_trace.payment_no IS 'The payment.';
COMMENT ON COLUMN payment_trace.trace_parent IS 'The caller''s traceparent, as W3C Trace Context writes it.';
