-- The fewest rows that a textbook would use for a payment: what PostgreSQL alone can do on this machine. It never changes
-- with the service.
CREATE SCHEMA floor;
CREATE SEQUENCE floor.number;
CREATE TABLE floor.payment (
    id bigint PRIMARY KEY,
    merchant_id integer NOT NULL,
    amount bigint NOT NULL,
    refunded bigint NOT NULL DEFAULT 0 CHECK (refunded <= amount),
    state text NOT NULL,
    create_time timestamptz NOT NULL
);
CREATE TABLE floor.allocation (
    payment_id bigint NOT NULL REFERENCES floor.payment,
    order_no text NOT NULL,
    amount bigint NOT NULL,
    state text NOT NULL,
    PRIMARY KEY (payment_id, order_no)
);
CREATE TABLE floor.event (
    id bigint PRIMARY KEY DEFAULT nextval('floor.number'),
    payment_id bigint NOT NULL,
    kind text NOT NULL,
    create_time timestamptz NOT NULL
);
CREATE TABLE floor.notification (
    id bigint PRIMARY KEY,
    payment_id bigint NOT NULL,
    body text NOT NULL,
    receive_time timestamptz NOT NULL
);
CREATE TABLE floor.refund (
    id bigint PRIMARY KEY DEFAULT nextval('floor.number'),
    payment_id bigint NOT NULL REFERENCES floor.payment,
    amount bigint NOT NULL,
    state text NOT NULL,
    create_time timestamptz NOT NULL
);
-- Payments that notifications, refunds and reads are about.
INSERT INTO floor.payment
SELECT -number, 1, 1000000000, 0, 'AWAITING_PAYER', now() FROM generate_series(1, 100000) AS number;
INSERT INTO floor.allocation
SELECT -number, 'order-' || number, 1000000000, 'PENDING' FROM generate_series(1, 100000) AS number;
ANALYZE;
