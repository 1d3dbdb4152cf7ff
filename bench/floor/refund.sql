\set payment random(-100000, -1)
BEGIN;
SELECT amount - refunded FROM floor.payment WHERE id = :payment FOR UPDATE;
UPDATE floor.payment SET refunded = refunded + 1 WHERE id = :payment;
INSERT INTO floor.refund (payment_id, amount, state, create_time) VALUES (:payment, 1, 'PENDING', now());
INSERT INTO floor.event (payment_id, kind, create_time) VALUES (:payment, 'refund.accepted', now());
COMMIT;
