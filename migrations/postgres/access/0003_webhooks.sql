-- Who is told of the board's changes by HTTP, how far each is, and what could not be delivered.

CREATE TABLE webhooks (
    id      text COLLATE "C" PRIMARY KEY,
    url     text COLLATE "C" NOT NULL,
    secret  text COLLATE "C" NOT NULL,                       -- what is sent is signed with it
    note    text COLLATE "C" NOT NULL,
    created bigint NOT NULL,
    ended   bigint,                                          -- since when it wants no more (410)
    epoch   text COLLATE "C",                                -- of the sequence; none before the first
    last    bigint NOT NULL,                                 -- what was delivered, or given up, in order
    anew    bigint,                                          -- when it was begun anew in another sequence
    tried   bigint NOT NULL,                                 -- how many times the next one was tried
    due     bigint NOT NULL,                                 -- when it is tried again
    failure text COLLATE "C"                                 -- why the last attempt failed
);

CREATE TABLE webhook_dead (
    webhook text COLLATE "C" NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    epoch   text COLLATE "C" NOT NULL,
    number  bigint NOT NULL,
    body    text COLLATE "C" NOT NULL,
    at      bigint NOT NULL,
    failure text COLLATE "C" NOT NULL,
    resend  bigint NOT NULL CHECK (resend IN (0, 1)),        -- whether it is to be tried once more
    PRIMARY KEY (webhook, epoch, number)
);
