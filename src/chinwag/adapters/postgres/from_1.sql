-- From schema 1 to 2. Nothing is rewritten: rows of messages that are changed from now on have another form
-- (adapters/stored.py), which an older version cannot read; and there are rows that it would not write.

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
