DROP INDEX refund_transition_raw;
DROP INDEX payment_transition_raw;
DROP INDEX notification_raw;
