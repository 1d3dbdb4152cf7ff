DROP TABLE webhook_attempt, webhook_delivery, webhook_endpoint;
