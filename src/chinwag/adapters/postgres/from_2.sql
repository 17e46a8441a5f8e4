-- From schema 2 to 3. A wide group keeps its members in rows. An older version would take all of them but its admins for
-- strangers, and write its state without them.

-- When an account became a member, and when it left again.
CREATE TABLE messages.people (
    conversation bytea NOT NULL,
    account bytea NOT NULL,
    stays bytea NOT NULL,
    PRIMARY KEY (conversation, account)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

-- Its own last message. Of its own, as each message writes it, and nothing else of a member.
CREATE TABLE messages.wrote (
    conversation bytea NOT NULL,
    account bytea NOT NULL,
    wrote bytea NOT NULL,
    PRIMARY KEY (conversation, account)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

-- Who joined, in order. gone: the number with which that one left again, or 0. length: of the name, by which those of one
-- number are in order.
CREATE TABLE messages.joinings (
    conversation bytea NOT NULL,
    joined bigint NOT NULL,
    length integer NOT NULL GENERATED ALWAYS AS (octet_length(account)) STORED,
    account bytea NOT NULL,
    gone bigint NOT NULL,
    PRIMARY KEY (conversation, joined, length, account)
) WITH (fillfactor = 70);

CREATE TABLE messages.wide_groups (
    conversation bytea PRIMARY KEY
);

-- How many have put what on a message of a wide group.
CREATE TABLE messages.reaction_counts (
    conversation bytea NOT NULL,
    message bigint NOT NULL,
    counts bytea NOT NULL,
    PRIMARY KEY (conversation, message)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

-- Up to `p_limit` joinings behind one. In the order of the index, whatever the planner knows of a table that has just grown:
-- it would else read and sort all of a group for each page.
CREATE FUNCTION messages.joinings_3(p_conversation bytea, p_joined bigint, p_account bytea, p_limit bigint)
RETURNS TABLE (joined bigint, account bytea, gone bigint) LANGUAGE sql STABLE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
    SELECT joined, account, gone FROM messages.joinings
    WHERE conversation = p_conversation AND (joined, length, account) > (p_joined, octet_length(p_account), p_account)
    ORDER BY joined, length, account LIMIT p_limit
$$;

-- Write what a batch makes of members. Only if what it is a part of is committed.
CREATE FUNCTION messages.members_3(
    p_committed boolean,
    p_wrote_conversations bytea[], p_writers bytea[], p_wrote bytea[],
    p_people_conversations bytea[], p_people bytea[], p_stays bytea[],
    p_joining_conversations bytea[], p_joined bigint[], p_joiners bytea[], p_gone bigint[],
    p_wide bytea[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT p_committed THEN
        RETURN;
    END IF;
    IF cardinality(p_wrote) > 0 THEN
        INSERT INTO messages.wrote (conversation, account, wrote)
            SELECT * FROM unnest(p_wrote_conversations, p_writers, p_wrote)
            ON CONFLICT (conversation, account) DO UPDATE SET wrote = excluded.wrote;
    END IF;
    IF cardinality(p_people) > 0 THEN
        INSERT INTO messages.people (conversation, account, stays)
            SELECT * FROM unnest(p_people_conversations, p_people, p_stays)
            ON CONFLICT (conversation, account) DO UPDATE SET stays = excluded.stays;
    END IF;
    IF cardinality(p_joiners) > 0 THEN
        INSERT INTO messages.joinings (conversation, joined, account, gone)
            SELECT * FROM unnest(p_joining_conversations, p_joined, p_joiners, p_gone)
            ON CONFLICT (conversation, joined, length, account) DO UPDATE SET gone = excluded.gone;
    END IF;
    IF cardinality(p_wide) > 0 THEN
        INSERT INTO messages.wide_groups (conversation) SELECT unnest(p_wide) ON CONFLICT DO NOTHING;
    END IF;
END $$;

-- Write what a batch makes of counts of reactions, and remove those of messages that have none any more. Only if what it is a
-- part of is committed.
CREATE FUNCTION messages.count_3(
    p_committed boolean,
    p_conversations bytea[], p_messages bigint[], p_counts bytea[],
    p_cleared_conversations bytea[], p_cleared bigint[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT p_committed THEN
        RETURN;
    END IF;
    IF cardinality(p_counts) > 0 THEN
        INSERT INTO messages.reaction_counts (conversation, message, counts)
            SELECT * FROM unnest(p_conversations, p_messages, p_counts)
            ON CONFLICT (conversation, message) DO UPDATE SET counts = excluded.counts;
    END IF;
    IF cardinality(p_cleared) > 0 THEN
        DELETE FROM messages.reaction_counts AS c
            USING unnest(p_cleared_conversations, p_cleared) AS g (conversation, message)
            WHERE c.conversation = g.conversation AND c.message = g.message;
    END IF;
END $$;
