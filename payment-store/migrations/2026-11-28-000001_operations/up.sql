-- Cases that come right by themselves are resolved by the service, the words that opened a case grow old as all others do, and keys
-- of the configuration are revoked while the service runs.

-- A word more than before, so every row fits: nothing is scanned under the lock.
ALTER TABLE payment_case DROP CONSTRAINT resolution_is_known;
ALTER TABLE payment_case
    ADD CONSTRAINT resolution_is_known CHECK (resolution IN ('ATTACH', 'REFUND', 'DISMISS', 'SETTLED')) NOT VALID;
COMMENT ON COLUMN payment_case.resolution_reason IS 'Why, in the operator''s words, or in ours where it came right by itself.';
COMMENT ON COLUMN payment_case.proposed_by IS
    'The operator who wants it so, as name/key; payment-server where it came right by itself.';
COMMENT ON TABLE operator_act IS
    'What operators did, and the service where a case came right by itself, and why (R26). Never changed, never deleted.';
COMMENT ON COLUMN operator_act.actor IS 'Who, as name/key; payment-server for the service itself.';

-- Cases are few: the index is built in place.
CREATE INDEX payment_case_raw ON payment_case (open_time) WHERE evidence IS NOT NULL AND state = 'RESOLVED';
COMMENT ON COLUMN payment_case.evidence IS
    'The channel''s raw words, where no notification holds them. May hold personal data. Null once the retention blanked it.';

CREATE TABLE api_key_bar (
    sha256 bytea PRIMARY KEY,
    holder text NOT NULL,
    api_key_id text NOT NULL,
    revoked_by text NOT NULL,
    revoke_time timestamptz NOT NULL,
    CONSTRAINT barred_sha256_is_whole CHECK (octet_length(sha256) = 32)
);
COMMENT ON TABLE api_key_bar IS 'Keys of the configuration that operators revoked: no replica lets anybody in by them, whatever its file says.';
COMMENT ON COLUMN api_key_bar.sha256 IS 'SHA-256 of the key, as the configuration has it. Another key of the same name is not barred.';
COMMENT ON COLUMN api_key_bar.holder IS 'Whose key it was: merchants/ or operators/, and the name.';
COMMENT ON COLUMN api_key_bar.api_key_id IS 'Its name in the configuration.';
COMMENT ON COLUMN api_key_bar.revoked_by IS 'The operator who revoked it, as name/key.';
COMMENT ON COLUMN api_key_bar.revoke_time IS 'When.';
