-- Operators list a merchant's deliveries, the newest first, among those of years and of every merchant. The one statement of this
-- file, outside of any transaction, so that deliveries are written meanwhile.
CREATE INDEX CONCURRENTLY notification_of_merchant ON notification (merchant_id, receive_time, notification_id);
