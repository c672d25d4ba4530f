-- Who is told of the board's changes by HTTP, how far each is, and what could not be delivered.

CREATE TABLE webhooks (
    id      TEXT PRIMARY KEY,
    url     TEXT NOT NULL,
    secret  TEXT NOT NULL,                                   -- what is sent is signed with it
    note    TEXT NOT NULL,
    created INTEGER NOT NULL,
    ended   INTEGER,                                         -- since when it wants no more (410)
    epoch   TEXT,                                            -- of the sequence; none before the first
    last    INTEGER NOT NULL,                                -- what was delivered, or given up, in order
    anew    INTEGER,                                         -- when it was begun anew in another sequence
    tried   INTEGER NOT NULL,                                -- how many times the next one was tried
    due     INTEGER NOT NULL,                                -- when it is tried again
    failure TEXT                                             -- why the last attempt failed
) STRICT;

CREATE TABLE webhook_dead (
    webhook TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    epoch   TEXT NOT NULL,
    number  INTEGER NOT NULL,
    body    TEXT NOT NULL,
    at      INTEGER NOT NULL,
    failure TEXT NOT NULL,
    resend  INTEGER NOT NULL CHECK (resend IN (0, 1)),       -- whether it is to be tried once more
    PRIMARY KEY (webhook, epoch, number)
) STRICT;
