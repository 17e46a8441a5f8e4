-- From schema 1 to 2. Nothing is rewritten: rows of messages that are changed from now on have another form
-- (adapters/stored.py), which an older version cannot read; and there are rows that it would not write.

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
