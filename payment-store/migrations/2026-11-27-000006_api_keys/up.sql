-- API keys that are made and revoked while the service runs (R30). Keys may stand in the configuration too; these need no
-- restart, may expire, and tell when they were used.

CREATE TABLE api_key (
    merchant_id text NOT NULL,
    api_key_id text NOT NULL,
    sha256 bytea NOT NULL,
    scopes text[] NOT NULL,
    created_by text NOT NULL,
    create_time timestamptz NOT NULL,
    expire_time timestamptz,
    revoked_by text,
    revoke_time timestamptz,
    last_use_time timestamptz,
    PRIMARY KEY (merchant_id, api_key_id),
    CONSTRAINT sha256_is_whole CHECK (octet_length(sha256) = 32),
    CONSTRAINT scopes_are_known CHECK (
        cardinality(scopes) > 0 AND scopes <@ ARRAY['pay', 'refund', 'read', 'operate']),
    CONSTRAINT expires_after_its_creation CHECK (expire_time > create_time),
    CONSTRAINT revoked_iff_revoked_by CHECK ((revoke_time IS NULL) = (revoked_by IS NULL))
);
CREATE UNIQUE INDEX api_key_one_for_each_hash ON api_key (sha256);
CREATE INDEX api_key_live ON api_key (merchant_id) WHERE revoke_time IS NULL;
COMMENT ON TABLE api_key IS 'Keys that merchants call with, beside those of the configuration. Revoked ones stay, for evidence names them.';
COMMENT ON COLUMN api_key.merchant_id IS 'Whose key it is.';
COMMENT ON COLUMN api_key.api_key_id IS 'The name by which evidence shows it; never used again.';
COMMENT ON COLUMN api_key.sha256 IS 'SHA-256 of the key. The key itself, 32 random bytes, is shown once and kept nowhere.';
COMMENT ON COLUMN api_key.scopes IS 'What it may be used for: pay, refund, read, operate.';
COMMENT ON COLUMN api_key.created_by IS 'The operator who made it, as name/key.';
COMMENT ON COLUMN api_key.create_time IS 'When it was made.';
COMMENT ON COLUMN api_key.expire_time IS 'From when on it is refused; never if null.';
COMMENT ON COLUMN api_key.revoked_by IS 'The operator who revoked it, as name/key.';
COMMENT ON COLUMN api_key.revoke_time IS 'When it was revoked.';
COMMENT ON COLUMN api_key.last_use_time IS 'When a call came with it last, to the minute; written after the call.';

CREATE TABLE api_key_revision (
    one boolean PRIMARY KEY,
    revision bigint NOT NULL,
    CONSTRAINT there_is_one_row CHECK (one)
);
INSERT INTO api_key_revision (one, revision) VALUES (true, 1);
COMMENT ON TABLE api_key_revision IS 'One row that every change of api_key counts up under its lock, so that replicas notice a change by one number.';
COMMENT ON COLUMN api_key_revision.one IS 'Always true.';
COMMENT ON COLUMN api_key_revision.revision IS 'How often keys were made or revoked.';
