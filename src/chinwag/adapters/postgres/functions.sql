-- A function is one transaction and one round trip. Statement after statement each sees what was committed before it
-- began, so what is read after a lock is what the lock guards; nothing rests on the order in which parts of one statement
-- run. The numbers in their names are the schema's: processes of two versions side by side each call their own.

-- Whether this connection leads to what the last one led to. A timeline that has changed (a standby took over, a backup
-- was recovered) or another system (a dump was read in) may lack what was acked before, so all that was handed out is
-- void: cursors by the inboxes' new epoch, and what a partition's owner has in memory by the partition's. The
-- milliseconds since 1970 are more than any epoch that was lost.
CREATE FUNCTION messages.live_1(p_anew boolean) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_system bigint := (pg_control_system()).system_identifier;
    v_timeline integer := ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::integer;
    v_now bigint := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
BEGIN
    IF NOT p_anew AND EXISTS (SELECT FROM messages.life WHERE system = v_system AND timeline = v_timeline) THEN
        RETURN false;
    END IF;
    PERFORM FROM messages.life FOR UPDATE;
    IF NOT p_anew AND EXISTS (SELECT FROM messages.life WHERE system = v_system AND timeline = v_timeline) THEN
        RETURN false;
    END IF;
    PERFORM FROM messages.partitions ORDER BY partition FOR UPDATE;
    UPDATE messages.partitions SET epoch = greatest(epoch + 1, v_now);
    UPDATE messages.life SET system = v_system, timeline = v_timeline, epoch = greatest(epoch + 1, v_now);
    RETURN true;
END $$;

-- Make a partition the caller's: a former owner's batch is committed before, or never.
CREATE FUNCTION messages.claim_1(p_partition integer, OUT epoch bigint, OUT turn bigint) LANGUAGE sql AS $$
    INSERT INTO messages.partitions AS p (partition, epoch, turn) VALUES (p_partition, 1, 0)
    ON CONFLICT (partition) DO UPDATE SET epoch = p.epoch + 1
    RETURNING p.epoch, p.turn;
$$;

-- What became of the batch `p_turn`, of which no answer came. If it is not there, it never will be: the partition takes
-- no turn up to `p_void` any more. It writes in any case: what is in the journal before it is then as durable as this.
CREATE FUNCTION messages.settle_1(p_partition integer, p_epoch bigint, p_turn bigint, p_void bigint) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    v_epoch bigint;
    v_turn bigint;
BEGIN
    SELECT epoch, turn INTO v_epoch, v_turn FROM messages.partitions WHERE partition = p_partition FOR UPDATE;
    IF v_turn = p_turn THEN
        UPDATE messages.partitions SET turn = v_turn WHERE partition = p_partition;
        RETURN 'committed';
    ELSIF v_epoch = p_epoch THEN
        UPDATE messages.partitions SET turn = p_void WHERE partition = p_partition AND turn < p_void;
        RETURN 'void';
    ELSE
        RETURN 'unknown';
    END IF;
END $$;

-- Give what is posted its positions. p_accounts: each once, in the order of their bytes, which is the order in which
-- everybody locks them; p_totals: how many entries each gets. An entry's row ends `back` positions before its account's
-- new head. Returns the epoch of the inboxes, then the new heads in the order of p_accounts.
CREATE FUNCTION messages.post_1(
    p_now bigint, p_accounts bytea[], p_totals bigint[],
    p_entries bytea[], p_backs bigint[], p_counts integer[], p_conversations bytea[], p_firsts bigint[], p_events bytea[]
) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    v_heads bigint[];
BEGIN
    IF cardinality(p_accounts) = 0 THEN
        RETURN ARRAY(SELECT epoch FROM messages.life);
    END IF;
    -- Before the first lock, as whoever waits here for somebody else's new row must hold nothing that one waits for.
    INSERT INTO messages.heads (account)
        SELECT a.account FROM unnest(p_accounts) AS a (account)
        WHERE NOT EXISTS (SELECT FROM messages.heads AS h WHERE h.account = a.account)
        ORDER BY a.account
        ON CONFLICT DO NOTHING;
    PERFORM FROM messages.heads WHERE account = ANY (p_accounts) ORDER BY account FOR UPDATE;
    UPDATE messages.heads AS h SET last = h.last + t.total
        FROM unnest(p_accounts, p_totals) AS t (account, total) WHERE h.account = t.account;
    INSERT INTO messages.inbox (account, last, count, conversation, first, event, posted_at)
        SELECT e.account, h.last - e.back, e.count, e.conversation, e.first, e.event, p_now
        FROM unnest(p_entries, p_backs, p_counts, p_conversations, p_firsts, p_events)
            AS e (account, back, count, conversation, first, event)
        JOIN messages.heads AS h ON h.account = e.account;
    SELECT array_agg(h.last ORDER BY h.account) INTO v_heads FROM messages.heads AS h WHERE h.account = ANY (p_accounts);
    RETURN (SELECT epoch FROM messages.life) || v_heads;
END $$;

-- A batch of one partition; null if the partition is another's now, or the batch was declared void.
CREATE FUNCTION messages.commit_1(
    p_partition integer, p_epoch bigint, p_turn bigint,
    p_states bytea[], p_state_values bytea[],
    p_event_conversations bytea[], p_numbers bigint[], p_events bytea[],
    p_key_conversations bytea[], p_key_devices bytea[], p_key_ids bytea[], p_keys bytea[],
    p_span_accounts bytea[], p_span_conversations bytea[], p_span_firsts bigint[], p_spans bytea[],
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
    INSERT INTO messages.states (conversation, state)
        SELECT * FROM unnest(p_states, p_state_values)
        ON CONFLICT (conversation) DO UPDATE SET state = excluded.state;
    RETURN v_heads;
END $$;

-- The marks of each pair, locked until the transaction ends. The pairs come in order, which is everybody's.
CREATE FUNCTION messages.lock_marks_1(p_conversations bytea[], p_accounts bytea[])
RETURNS TABLE (conversation bytea, account bytea, marks bytea) LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO messages.marks AS m (conversation, account)
        SELECT p.conversation, p.account FROM unnest(p_conversations, p_accounts) AS p (conversation, account)
        WHERE NOT EXISTS (
            SELECT FROM messages.marks AS h WHERE h.conversation = p.conversation AND h.account = p.account)
        ORDER BY p.conversation, p.account
        ON CONFLICT DO NOTHING;
    RETURN QUERY
        SELECT m.conversation, m.account, m.marks FROM messages.marks AS m
        WHERE (m.conversation, m.account) IN (SELECT * FROM unnest(p_conversations, p_accounts))
        ORDER BY m.conversation, m.account FOR UPDATE OF m;
END $$;

-- Write marks that were locked, their steps, and what is posted about them.
CREATE FUNCTION messages.advance_1(
    p_conversations bytea[], p_marked bytea[], p_read bigint[], p_marks bytea[],
    p_step_conversations bytea[], p_step_accounts bytea[], p_step_numbers bigint[], p_steps bigint[],
    p_now bigint, p_accounts bytea[], p_totals bigint[],
    p_entries bytea[], p_backs bigint[], p_counts integer[], p_runs bytea[], p_firsts bigint[], p_events bytea[]
) RETURNS bigint[] LANGUAGE plpgsql AS $$
BEGIN
    UPDATE messages.marks AS m SET read = p.read, marks = p.marks
        FROM unnest(p_conversations, p_marked, p_read, p_marks) AS p (conversation, account, read, marks)
        WHERE m.conversation = p.conversation AND m.account = p.account;
    INSERT INTO messages.steps (conversation, account, number, at)
        SELECT * FROM unnest(p_step_conversations, p_step_accounts, p_step_numbers, p_steps)
        ON CONFLICT (conversation, account, number) DO UPDATE SET at = excluded.at;
    RETURN messages.post_1(p_now, p_accounts, p_totals, p_entries, p_backs, p_counts, p_runs, p_firsts, p_events);
END $$;
