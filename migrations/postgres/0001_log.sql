-- The log. Nothing in it is ever changed or taken out; the triggers below refuse it, whoever asks.
--
-- Instants are integers of microseconds since 1970 in UTC, and texts compare by their bytes, as on
-- SQLite. To read the log in `psql`, use the view `log`.

CREATE TABLE events (
    position     bigint PRIMARY KEY CHECK (position > 0),
    recordedtime bigint NOT NULL,
    time         bigint NOT NULL,
    kind         text COLLATE "C" NOT NULL,
    subject      text COLLATE "C" NOT NULL,
    developer    text COLLATE "C",                          -- whom the subject belongs to; none for a rulebook
    target       bigint CHECK (target < position),          -- the position that `data.event` speaks of
    source       text COLLATE "C" NOT NULL,
    id           text COLLATE "C" NOT NULL,
    json         text COLLATE "C" NOT NULL,                 -- RFC 8785, `recordedtime` in it: the leaf of the tree
    hash         bytea NOT NULL CHECK (length(hash) = 32)   -- of the leaf, as RFC 6962 hashes leaves
);

-- The idempotency key.
CREATE UNIQUE INDEX events_by_key ON events (source, id);
CREATE INDEX events_by_subject ON events (subject, position);
CREATE INDEX events_by_kind ON events (kind, position);
-- None by `time`: it would cost every append, and what happened in a span of time is asked of a
-- subject or a developer.
CREATE INDEX events_by_target ON events (target) WHERE target IS NOT NULL;

-- Which subjects are a developer's. Reading by developer goes through this and the index by subject:
-- an index by developer as well would cost every append another page written at a random place.
CREATE TABLE developers (
    developer text COLLATE "C" NOT NULL,
    subject   text COLLATE "C" NOT NULL,
    PRIMARY KEY (developer, subject)
);

-- The end of the log. Whoever appends locks this row first and moves it on in the same transaction,
-- so that positions have no gaps and become visible in order. A sequence would give neither.
CREATE TABLE head (
    position     bigint NOT NULL CHECK (position >= 0),
    recordedtime bigint,
    CHECK ((position = 0) = (recordedtime IS NULL))
);
CREATE UNIQUE INDEX head_is_one_row ON head ((true));
INSERT INTO head VALUES (0, NULL);

-- The Merkle tree above the leaves' hashes (C2SP tlog-tiles): entry n of level 1 is the root over the
-- events 256 n + 1 to 256 n + 256, entry n of level 2 that over 256 entries of level 1, and so on. An
-- entry is written with the event that completes it, so that the tree, like the log, only grows.
CREATE TABLE tree (
    level  smallint CHECK (level > 0),
    number bigint CHECK (number >= 0),
    hash   bytea NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (level, number)
);

-- What events say in private, beside the log: its leaves hold a commitment to it, HMAC-SHA-256 under
-- this key. The only rows that are ever deleted, and only once the log says that they are.
CREATE TABLE private (
    position bigint PRIMARY KEY,
    key      bytea NOT NULL,
    content  text COLLATE "C" NOT NULL
);

-- Checkpoints that were signed: what others may hold the log to.
CREATE TABLE checkpoints (
    tree_size bigint PRIMARY KEY CHECK (tree_size >= 0),
    note      text COLLATE "C" NOT NULL
);

-- Events are inserted in order, from the next position on. The rows are looked at where they were
-- kept for this trigger, which costs less than a look at each while it is inserted. What came before
-- is found through the first of them: its position minus one is in the log, and no later one is, or
-- the primary key would have refused it.
CREATE FUNCTION events_follow() RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    first bigint;
    earliest bigint;
    broken boolean;
BEGIN
    SELECT min(follows.position), min(follows.recordedtime),
           bool_or(follows.position <> follows.before + 1
                   OR follows.recordedtime < follows.recorded_before)
    INTO first, earliest, broken
    FROM (SELECT position, recordedtime,
                 lag(position) OVER () AS before,
                 lag(recordedtime) OVER () AS recorded_before
          FROM inserted) AS follows;
    IF broken OR first > 1 AND NOT EXISTS (
        SELECT FROM events WHERE position = first - 1 AND recordedtime <= earliest
    ) THEN
        RAISE EXCEPTION 'the log is append-only: an event takes the next position and a recorded time no earlier than the last'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER events_follow AFTER INSERT ON events
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION events_follow();

-- The head is the last event, whatever moved it.
CREATE FUNCTION head_is_the_end() RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    IF NEW.position < OLD.position
        OR EXISTS (SELECT FROM events WHERE position = NEW.position + 1)
        OR NEW.position > 0 AND NOT EXISTS (
            SELECT FROM events WHERE position = NEW.position AND recordedtime = NEW.recordedtime
        )
    THEN
        RAISE EXCEPTION 'the log is append-only: the head is its last event'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER head_is_the_end AFTER UPDATE ON head
    FOR EACH ROW EXECUTE FUNCTION head_is_the_end();

CREATE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION 'the log is append-only: % is never changed by %', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;

CREATE TRIGGER events_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER developers_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON developers
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tree_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON tree
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER checkpoints_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER head_stays BEFORE INSERT OR DELETE OR TRUNCATE ON head
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER private_is_not_changed BEFORE UPDATE OR TRUNCATE ON private
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION private_is_deleted_when_the_log_says_so() RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM events WHERE target = OLD.position AND kind = 'private.erased') THEN
        RAISE EXCEPTION 'what is private is deleted once the log holds its `private.erased`'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN OLD;
END
$$;

CREATE TRIGGER private_is_deleted_when_the_log_says_so BEFORE DELETE ON private
    FOR EACH ROW EXECUTE FUNCTION private_is_deleted_when_the_log_says_so();

-- For those too who come as replicas, whom triggers pass over by default.
ALTER TABLE events ENABLE ALWAYS TRIGGER events_follow;
ALTER TABLE events ENABLE ALWAYS TRIGGER events_stay;
ALTER TABLE developers ENABLE ALWAYS TRIGGER developers_stay;
ALTER TABLE tree ENABLE ALWAYS TRIGGER tree_stays;
ALTER TABLE checkpoints ENABLE ALWAYS TRIGGER checkpoints_stay;
ALTER TABLE head ENABLE ALWAYS TRIGGER head_is_the_end;
ALTER TABLE head ENABLE ALWAYS TRIGGER head_stays;
ALTER TABLE private ENABLE ALWAYS TRIGGER private_is_not_changed;
ALTER TABLE private ENABLE ALWAYS TRIGGER private_is_deleted_when_the_log_says_so;

-- Whole seconds and the rest apart: intervals multiply as floating-point numbers.
CREATE FUNCTION instant(micros bigint) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN timestamptz '1970-01-01T00:00:00Z' + micros / 1000000 * interval '1 second'
    + micros % 1000000 * interval '1 microsecond';

CREATE VIEW log AS
SELECT position, instant(recordedtime) AS recordedtime, instant(time) AS time, kind AS type, subject,
       developer, target, source, id, json
FROM events;
