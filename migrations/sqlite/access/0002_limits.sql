-- What a token is good for, where not what the service gives everybody.

ALTER TABLE tokens ADD COLUMN body_max INTEGER CHECK (body_max > 0); -- bytes of a body that is no stream
ALTER TABLE tokens ADD COLUMN time_max INTEGER CHECK (time_max > 0); -- seconds that its requests may take
