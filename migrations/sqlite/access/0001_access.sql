-- Who may use the service, and whom it turned away. Not the log: these rows come and go, and nothing
-- that is computed depends on them. Instants are microseconds since 1970 in UTC.

PRAGMA application_id = 1400139329; -- "StnA", so that no other program's file is mistaken for this one

CREATE TABLE tokens (
    id      TEXT PRIMARY KEY,
    hash    BLOB NOT NULL UNIQUE CHECK (length(hash) = 32), -- SHA-256 of the token, which is not kept
    role    TEXT NOT NULL,
    subject TEXT,                                           -- the developer that one of that role is
    actor   TEXT NOT NULL,                                  -- what events that come with it carry
    note    TEXT NOT NULL,
    rate    INTEGER CHECK (rate > 0),                       -- requests a second, where not the service's
    created INTEGER NOT NULL,
    expires INTEGER,
    revoked INTEGER,
    CHECK ((role = 'developer') = (subject IS NOT NULL))
) STRICT;

-- The newest accesses that were refused; the oldest make room.
CREATE TABLE refusals (
    number  INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    status  INTEGER NOT NULL,
    code    TEXT NOT NULL,
    method  TEXT NOT NULL,
    path    TEXT NOT NULL,
    peer    TEXT NOT NULL,
    token   TEXT,                                           -- the token's id, where it was a known one
    request TEXT NOT NULL
) STRICT;
