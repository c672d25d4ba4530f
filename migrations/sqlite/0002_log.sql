-- The log. Nothing in it is ever changed or taken out; the triggers below refuse it, whoever asks.
--
-- Instants are integers of microseconds since 1970 in UTC: as text, instants with and without
-- fractions sort wrongly.
--
-- Texts that come back all the time (types, subjects, developers, sources) are kept once, in
-- `names`, and stand in `events` as integers: rows and indexes stay small, and an index on a small
-- log fits in memory where one on text would not. A type needs no number of its own for that, so a
-- new type needs no migration. To read the log in a shell, use the view `log`.

PRAGMA application_id = 1400139364; -- "Stnd", so that another program's file is never mistaken for a ledger

CREATE TABLE names (
    key  INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE events (
    position     INTEGER PRIMARY KEY CHECK (position > 0),
    recordedtime INTEGER NOT NULL,
    time         INTEGER NOT NULL,
    kind         INTEGER NOT NULL,
    subject      INTEGER NOT NULL,
    developer    INTEGER,                           -- whom the subject belongs to; none for a rulebook
    target       INTEGER CHECK (target < position), -- the position that `data.event` speaks of
    source       INTEGER NOT NULL,
    id           TEXT NOT NULL,
    json         TEXT NOT NULL,                     -- RFC 8785, `recordedtime` in it: the leaf of the tree
    hash         BLOB NOT NULL                      -- RFC 6962: SHA-256 of 0x00 and the leaf
) STRICT;

-- The Merkle tree above the leaves' hashes (C2SP tlog-tiles): entry n of level 1 is the root over the
-- events 256 n + 1 to 256 n + 256, entry n of level 2 that over 256 entries of level 1, and so on. An
-- entry is written with the event that completes it, so that the tree, like the log, only grows.
CREATE TABLE tree (
    level  INTEGER NOT NULL CHECK (level > 0),
    number INTEGER NOT NULL CHECK (number >= 0),
    hash   BLOB NOT NULL,
    PRIMARY KEY (level, number)
) STRICT, WITHOUT ROWID;

-- Checkpoints that were signed: what others may hold the log to.
CREATE TABLE checkpoints (
    tree_size INTEGER PRIMARY KEY,
    note      TEXT NOT NULL
) STRICT;

-- What events say in private, beside the log: its leaves hold a commitment to it, HMAC-SHA-256 under
-- this key. The only rows that are ever deleted, and only once the log says that they are.
CREATE TABLE private (
    position INTEGER PRIMARY KEY,
    key      BLOB NOT NULL,
    content  TEXT NOT NULL
) STRICT;

-- Which subjects are a developer's. Reading by developer goes through this and the index by subject:
-- an index by developer as well would cost every append another page written at a random place.
CREATE TABLE developers (
    developer INTEGER NOT NULL,
    subject   INTEGER NOT NULL,
    PRIMARY KEY (developer, subject)
) STRICT, WITHOUT ROWID;

-- The idempotency key.
CREATE UNIQUE INDEX events_by_key ON events (source, id);
-- A position is the row's own number, which SQLite appends to every index: each of these gives the
-- positions of one key in ascending order.
CREATE INDEX events_by_subject ON events (subject);
CREATE INDEX events_by_kind ON events (kind);
-- None by `time`: it would take a fifth of an import's speed, and what happened in a span of time is
-- asked of a subject or a developer.
CREATE INDEX events_by_target ON events (target) WHERE target IS NOT NULL;

-- There is no trigger on INSERT: with any, SQLite first puts the rows of a statement into a table of
-- its own, and a bulk import loses a third of its speed. What an INSERT by somebody else could do, to
-- add rows that are no part of the tree or to take one out by `INSERT OR REPLACE`, `standing verify`
-- finds.
CREATE TRIGGER events_are_not_updated BEFORE UPDATE ON events
BEGIN
    SELECT RAISE(ABORT, 'the log is append-only: events are never updated');
END;

CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON events
BEGIN
    SELECT RAISE(ABORT, 'the log is append-only: events are never deleted');
END;

CREATE TRIGGER tree_is_new BEFORE INSERT ON tree
WHEN EXISTS (SELECT 1 FROM tree WHERE level = NEW.level AND number = NEW.number)
BEGIN
    SELECT RAISE(ABORT, 'the log is append-only: the tree is never changed');
END;

CREATE TRIGGER tree_is_not_updated BEFORE UPDATE ON tree
BEGIN
    SELECT RAISE(ABORT, 'the log is append-only: the tree is never changed');
END;

CREATE TRIGGER tree_is_not_deleted BEFORE DELETE ON tree
BEGIN
    SELECT RAISE(ABORT, 'the log is append-only: the tree is never changed');
END;

CREATE TRIGGER checkpoints_are_new BEFORE INSERT ON checkpoints
WHEN EXISTS (SELECT 1 FROM checkpoints WHERE tree_size = NEW.tree_size)
BEGIN
    SELECT RAISE(ABORT, 'the log is append-only: checkpoints are never replaced');
END;

CREATE TRIGGER checkpoints_are_not_updated BEFORE UPDATE ON checkpoints
BEGIN
    SELECT RAISE(ABORT, 'the log is append-only: checkpoints are never updated');
END;

CREATE TRIGGER checkpoints_are_not_deleted BEFORE DELETE ON checkpoints
BEGIN
    SELECT RAISE(ABORT, 'the log is append-only: checkpoints are never deleted');
END;

CREATE TRIGGER private_is_new BEFORE INSERT ON private
WHEN EXISTS (SELECT 1 FROM private WHERE position = NEW.position)
BEGIN
    SELECT RAISE(ABORT, 'what is private is never replaced');
END;

CREATE TRIGGER private_is_not_updated BEFORE UPDATE ON private
BEGIN
    SELECT RAISE(ABORT, 'what is private is never updated');
END;

CREATE TRIGGER private_is_deleted_when_the_log_says_so BEFORE DELETE ON private
WHEN NOT EXISTS (
    SELECT 1 FROM events
    WHERE target = OLD.position
        AND kind = (SELECT key FROM names WHERE text = 'private.erased')
)
BEGIN
    SELECT RAISE(ABORT, 'what is private is deleted once the log holds its `private.erased`');
END;

CREATE TRIGGER names_are_new BEFORE INSERT ON names
WHEN EXISTS (SELECT 1 FROM names WHERE key = NEW.key OR text = NEW.text)
BEGIN
    SELECT RAISE(ABORT, 'the log is append-only: names are never replaced');
END;

CREATE TRIGGER names_are_not_updated BEFORE UPDATE ON names
BEGIN
    SELECT RAISE(ABORT, 'the log is append-only: names are never updated');
END;

CREATE TRIGGER names_are_not_deleted BEFORE DELETE ON names
BEGIN
    SELECT RAISE(ABORT, 'the log is append-only: names are never deleted');
END;

CREATE TRIGGER developers_are_not_updated BEFORE UPDATE ON developers
BEGIN
    SELECT RAISE(ABORT, 'the log is append-only: developers are never updated');
END;

CREATE TRIGGER developers_are_not_deleted BEFORE DELETE ON developers
BEGIN
    SELECT RAISE(ABORT, 'the log is append-only: developers are never deleted');
END;

CREATE VIEW log AS
SELECT
    events.position,
    strftime('%Y-%m-%dT%H:%M:%S', events.recordedtime / 1000000, 'unixepoch')
        || printf('.%06dZ', events.recordedtime % 1000000) AS recordedtime,
    strftime('%Y-%m-%dT%H:%M:%S', events.time / 1000000, 'unixepoch')
        || printf('.%06dZ', events.time % 1000000) AS time,
    kind.text AS type,
    subject.text AS subject,
    developer.text AS developer,
    events.target,
    source.text AS source,
    events.id,
    events.json
FROM events
JOIN names AS kind ON kind.key = events.kind
JOIN names AS subject ON subject.key = events.subject
LEFT JOIN names AS developer ON developer.key = events.developer
JOIN names AS source ON source.key = events.source;
