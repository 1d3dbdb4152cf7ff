DROP TABLE payment_trace;
