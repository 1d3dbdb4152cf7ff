-- Lets raw words of channels and apps be blanked once they are old, where the configuration says so: partial indexes hold what
-- is still there, so that a look costs what is due. They are built in place, while writers wait: what the first release has
-- recorded until now is little. A later index on these tables is built CONCURRENTLY, in a migration of its own.

CREATE INDEX notification_raw ON notification (receive_time) WHERE body <> '' OR headers <> '';
CREATE INDEX payment_transition_raw ON payment_transition (transition_time) WHERE evidence IS NOT NULL;
CREATE INDEX refund_transition_raw ON refund_transition (transition_time) WHERE evidence IS NOT NULL;
COMMENT ON COLUMN notification.headers IS
    'Headers as received, one "name: value" a line. May hold personal data. Empty once the retention blanked it.';
COMMENT ON COLUMN notification.body IS
    'The raw body, byte for byte. May hold personal data, sealed or not. Empty once the retention blanked it.';
COMMENT ON COLUMN notification.target IS 'Path and query as received. May hold personal data if a stranger put it there.';
COMMENT ON COLUMN payment_transition.evidence IS
    'The channel''s or the app''s raw words, where no notification holds them. May hold personal data. Null once the retention blanked it.';
COMMENT ON COLUMN refund_transition.evidence IS
    'The channel''s raw words, where no notification holds them. May hold personal data. Null once the retention blanked it.';
COMMENT ON COLUMN payment_case.evidence IS
    'The channel''s raw words, where no notification holds them. May hold personal data.';
COMMENT ON COLUMN payment.options IS
    'The product''s options as sent, so that a repeated create is byte-equal. May hold personal data: WeChat''s openid.';
