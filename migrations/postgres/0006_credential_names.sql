-- What people call a key or a user token. A release that does not know the column leaves it empty.
ALTER TABLE credentials
    ADD COLUMN name text COLLATE "C" CHECK (length(name) BETWEEN 1 AND 60);
