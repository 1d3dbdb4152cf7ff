\set payment random(-100000, -1)
\set delivery random(1, 9000000000000000)
BEGIN;
INSERT INTO floor.notification VALUES (:delivery, :payment, 'a body of some length, as channels send them', now()) ON CONFLICT DO NOTHING;
SELECT state FROM floor.payment WHERE id = :payment FOR UPDATE;
UPDATE floor.payment SET state = 'SUCCEEDED' WHERE id = :payment;
UPDATE floor.allocation SET state = 'EFFECTIVE' WHERE payment_id = :payment;
INSERT INTO floor.event (payment_id, kind, create_time) VALUES (:payment, 'payment.succeeded', now());
COMMIT;
