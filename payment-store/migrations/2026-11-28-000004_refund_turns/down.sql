DROP TABLE refund_turn;
