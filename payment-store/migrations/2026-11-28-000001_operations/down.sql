DROP TABLE api_key_bar;
DROP INDEX payment_case_raw;
-- The former words cannot say that a case came right by itself.
UPDATE payment_case SET resolution = 'DISMISS' WHERE resolution = 'SETTLED';
ALTER TABLE payment_case DROP CONSTRAINT resolution_is_known;
ALTER TABLE payment_case ADD CONSTRAINT resolution_is_known CHECK (resolution IN ('ATTACH', 'REFUND', 'DISMISS'));
