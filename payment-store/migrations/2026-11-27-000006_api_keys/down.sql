DROP TABLE api_key_revision;
DROP TABLE api_key;
