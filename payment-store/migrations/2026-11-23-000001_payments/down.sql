DROP TABLE payment_case, outbox_event, payment_transition, notification, allocation, create_request, payment, merchant_order;
