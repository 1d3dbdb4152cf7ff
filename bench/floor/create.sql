BEGIN;
SELECT nextval('floor.number') AS id \gset
INSERT INTO floor.payment (id, merchant_id, amount, state, create_time) VALUES (:id, 1, 6680, 'AWAITING_PAYER', now());
INSERT INTO floor.allocation VALUES (:id, 'order', 6680, 'PENDING');
INSERT INTO floor.event (payment_id, kind, create_time) VALUES (:id, 'payment.created', now());
COMMIT;
