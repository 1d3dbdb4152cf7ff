-- Alipay wants the refunds of one payment one after the other, with seconds between them. Whichever replica sends one has
-- the payment's turn meanwhile; a killed one's turn ends by itself.

CREATE TABLE refund_turn (
    payment_no text PRIMARY KEY REFERENCES payment,
    refund_no text NOT NULL,
    end_time timestamptz NOT NULL
);
COMMENT ON TABLE refund_turn IS 'Which refund of a payment was sent last, where the channel wants them one after the other; a row only there.';
COMMENT ON COLUMN refund_turn.payment_no IS 'The payment.';
COMMENT ON COLUMN refund_turn.refund_no IS 'The refund that has the turn, or had it last.';
COMMENT ON COLUMN refund_turn.end_time IS 'Until when no other refund of the payment is sent: the end of a lease while one is on its way, then of the pause after it.';
