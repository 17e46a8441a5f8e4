-- From schema 1 to 2. Nothing is rewritten: rows of messages that are changed from now on have another form
-- (adapters/stored.py), which an older version cannot read.
SELECT 1;
