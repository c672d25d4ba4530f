-- Who may use the service, and whom it turned away. Not the log: these rows come and go, and nothing
-- that is computed depends on them. Instants are microseconds since 1970 in UTC.
--
-- In the schema `standing_access`, which is made before this and is the only one in sight here.

CREATE TABLE tokens (
    id      text COLLATE "C" PRIMARY KEY,
    hash    bytea NOT NULL UNIQUE CHECK (length(hash) = 32), -- SHA-256 of the token, which is not kept
    role    text COLLATE "C" NOT NULL,
    subject text COLLATE "C",                                -- the developer that one of that role is
    actor   text COLLATE "C" NOT NULL,                       -- what events that come with it carry
    note    text COLLATE "C" NOT NULL,
    rate    bigint CHECK (rate > 0),                         -- requests a second, where not the service's
    created bigint NOT NULL,
    expires bigint,
    revoked bigint,
    CHECK ((role = 'developer') = (subject IS NOT NULL))
);

-- The newest accesses that were refused; the oldest make room.
CREATE TABLE refusals (
    number  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      bigint NOT NULL,
    status  bigint NOT NULL,
    code    text COLLATE "C" NOT NULL,
    method  text COLLATE "C" NOT NULL,
    path    text COLLATE "C" NOT NULL,
    peer    text COLLATE "C" NOT NULL,
    token   text COLLATE "C",                                -- the token's id, where it was a known one
    request text COLLATE "C" NOT NULL
);
