-- What a token is good for, where not what the service gives everybody.

ALTER TABLE tokens ADD COLUMN body_max bigint CHECK (body_max > 0); -- bytes of a body that is no stream
ALTER TABLE tokens ADD COLUMN time_max bigint CHECK (time_max > 0); -- seconds that its requests may take
