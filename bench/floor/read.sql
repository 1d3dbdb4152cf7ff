\set payment random(-100000, -1)
SELECT id, merchant_id, amount, refunded, state, create_time FROM floor.payment WHERE id = :payment;
