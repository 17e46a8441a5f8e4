-- From schema 1 to 2. Rows of messages that are changed from now on have another form (adapters/stored.py), which an older
-- version cannot read; there are rows that it would not write; and what texts stand in goes into parts.

-- Message `number` speaks to the account, or to all (`*`), since event `since`.
CREATE TABLE messages.mentions (
    account bytea NOT NULL,
    conversation bytea NOT NULL,
    number bigint NOT NULL,
    since bigint NOT NULL,
    PRIMARY KEY (account, conversation, number)
);

DROP FUNCTION messages.commit_1;

-- A batch of one partition; null if the partition is another's now, or the batch was declared void.
CREATE FUNCTION messages.commit_2(
    p_partition integer, p_epoch bigint, p_turn bigint,
    p_states bytea[], p_state_values bytea[],
    p_event_conversations bytea[], p_numbers bigint[], p_events bytea[],
    p_key_conversations bytea[], p_key_devices bytea[], p_key_ids bytea[], p_keys bytea[],
    p_span_accounts bytea[], p_span_conversations bytea[], p_span_firsts bigint[], p_spans bytea[],
    p_mention_accounts bytea[], p_mention_conversations bytea[], p_mention_numbers bigint[], p_mention_sinces bigint[],
    p_now bigint, p_accounts bytea[], p_totals bigint[],
    p_entries bytea[], p_backs bigint[], p_counts integer[], p_conversations bytea[], p_firsts bigint[],
    p_inline bytea[]
) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    v_heads bigint[];
BEGIN
    PERFORM FROM messages.partitions WHERE partition = p_partition AND epoch = p_epoch AND turn < p_turn FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    UPDATE messages.partitions SET turn = p_turn WHERE partition = p_partition;
    v_heads := messages.post_1(
        p_now, p_accounts, p_totals, p_entries, p_backs, p_counts, p_conversations, p_firsts, p_inline);
    INSERT INTO messages.events (conversation, number, event)
        SELECT * FROM unnest(p_event_conversations, p_numbers, p_events)
        ON CONFLICT (conversation, number) DO UPDATE SET event = excluded.event;
    INSERT INTO messages.send_keys (conversation, device, id, key)
        SELECT * FROM unnest(p_key_conversations, p_key_devices, p_key_ids, p_keys)
        ON CONFLICT (conversation, device, id) DO UPDATE SET key = excluded.key;
    IF cardinality(p_spans) > 0 THEN
        INSERT INTO messages.spans (account, conversation, first, span)
            SELECT * FROM unnest(p_span_accounts, p_span_conversations, p_span_firsts, p_spans)
            ON CONFLICT (account, conversation, first) DO UPDATE SET span = excluded.span;
    END IF;
    IF cardinality(p_mention_accounts) > 0 THEN
        INSERT INTO messages.mentions (account, conversation, number, since)
            SELECT * FROM unnest(p_mention_accounts, p_mention_conversations, p_mention_numbers, p_mention_sinces)
                AS n (account, conversation, number, since)
            WHERE n.since > 0
            ON CONFLICT (account, conversation, number) DO UPDATE SET since = excluded.since;
        DELETE FROM messages.mentions AS m
            USING unnest(p_mention_accounts, p_mention_conversations, p_mention_numbers, p_mention_sinces)
                AS n (account, conversation, number, since)
            WHERE n.since = 0
                AND m.account = n.account AND m.conversation = n.conversation AND m.number = n.number;
    END IF;
    INSERT INTO messages.states (conversation, state)
        SELECT * FROM unnest(p_states, p_state_values)
        ON CONFLICT (conversation) DO UPDATE SET state = excluded.state;
    RETURN v_heads;
END $$;

-- They make room for the parts.
ALTER TABLE messages.events RENAME TO old_events;
ALTER INDEX messages.events_pkey RENAME TO old_events_pkey;
ALTER TABLE messages.send_keys RENAME TO old_send_keys;
ALTER INDEX messages.send_keys_pkey RENAME TO old_send_keys_pkey;
ALTER TABLE messages.inbox RENAME TO old_inbox;
ALTER INDEX messages.inbox_pkey RENAME TO old_inbox_pkey;

-- What texts stand in: events, the digests of sends, and the events that inboxes hold themselves. An UPDATE or a DELETE
-- takes nothing out of PostgreSQL's files; only a table that is written anew is without it, and is locked meanwhile. So
-- these lie in parts, which are written anew one at a time.

CREATE TABLE messages.events (
    conversation bytea NOT NULL,
    number bigint NOT NULL,
    event bytea NOT NULL,
    PRIMARY KEY (conversation, number)
) PARTITION BY HASH (conversation);

CREATE TABLE messages.send_keys (
    conversation bytea NOT NULL,
    device bytea NOT NULL,
    id bytea NOT NULL,
    key bytea NOT NULL,
    PRIMARY KEY (conversation, device, id)
) PARTITION BY HASH (conversation);

-- One row a run of events of one conversation, or an event that has no number, or all runs that one transaction posts to
-- a stream (then `first` is 0 and `event` holds them). It covers `count` positions, the last of
-- which names it. posted_at: milliseconds since 1970.
CREATE TABLE messages.inbox (
    account bytea NOT NULL,
    last bigint NOT NULL,
    count integer NOT NULL,
    conversation bytea,
    first bigint,
    event bytea,
    posted_at bigint NOT NULL,
    PRIMARY KEY (account, last)
) PARTITION BY HASH (account);

-- One row for each that was replaced or removed, in the same transaction: `part` holds a former row until it is written
-- anew. `xmin` says since when.
CREATE TABLE messages.replaced (
    part name COLLATE "C" NOT NULL
);
CREATE INDEX replaced_by_part ON messages.replaced (part);

CREATE FUNCTION messages.replaced_2() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO messages.replaced (part) VALUES (TG_TABLE_NAME);
    RETURN NULL;
END $$;

DO $$
BEGIN
    FOR part IN 0..15 LOOP
        EXECUTE format(
            'CREATE TABLE messages.events_%s PARTITION OF messages.events FOR VALUES WITH (MODULUS 16, REMAINDER %s)',
            part, part);
        EXECUTE format(
            'CREATE TABLE messages.send_keys_%s PARTITION OF messages.send_keys '
            'FOR VALUES WITH (MODULUS 16, REMAINDER %s)', part, part);
        EXECUTE format(
            'CREATE TABLE messages.inbox_%s PARTITION OF messages.inbox FOR VALUES WITH (MODULUS 16, REMAINDER %s)',
            part, part);
    END LOOP;
END $$;

CREATE TRIGGER replaced AFTER UPDATE OR DELETE ON messages.events
    FOR EACH ROW EXECUTE FUNCTION messages.replaced_2();
CREATE TRIGGER replaced AFTER UPDATE OR DELETE ON messages.send_keys
    FOR EACH ROW EXECUTE FUNCTION messages.replaced_2();
-- Of what is removed from inboxes most is old entries, without a text: `Inbox.forget` says itself what it removes.
CREATE TRIGGER replaced AFTER UPDATE ON messages.inbox
    FOR EACH ROW EXECUTE FUNCTION messages.replaced_2();

-- What was there before goes into them.
INSERT INTO messages.events SELECT * FROM messages.old_events;
DROP TABLE messages.old_events;
INSERT INTO messages.send_keys SELECT * FROM messages.old_send_keys;
DROP TABLE messages.old_send_keys;
INSERT INTO messages.inbox SELECT * FROM messages.old_inbox;
DROP TABLE messages.old_inbox;

-- What an account has done with message `message`.
CREATE TABLE messages.reactions (
    conversation bytea NOT NULL,
    message bigint NOT NULL,
    account bytea NOT NULL,
    reacted bytea NOT NULL,
    PRIMARY KEY (conversation, message, account)
);

-- Write reactions, and remove those of messages that have none any more. Only if what they are a part of is committed.
CREATE FUNCTION messages.react_1(
    p_committed boolean,
    p_conversations bytea[], p_messages bigint[], p_accounts bytea[], p_reacted bytea[],
    p_cleared_conversations bytea[], p_cleared bigint[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT p_committed THEN
        RETURN;
    END IF;
    INSERT INTO messages.reactions (conversation, message, account, reacted)
        SELECT * FROM unnest(p_conversations, p_messages, p_accounts, p_reacted)
        ON CONFLICT (conversation, message, account) DO UPDATE SET reacted = excluded.reacted;
    DELETE FROM messages.reactions AS r
        USING unnest(p_cleared_conversations, p_cleared) AS c (conversation, message)
        WHERE r.conversation = c.conversation AND r.message = c.message;
END $$;
