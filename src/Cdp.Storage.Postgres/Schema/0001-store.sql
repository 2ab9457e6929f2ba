-- One row: what the store was made with, and the number of whoever opened it alone last.
CREATE TABLE store (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    partitions integer NOT NULL,
    epoch text NOT NULL,
    generation bigint NOT NULL DEFAULT 0
);

-- The event log. A block holds consecutive records of one partition (docs/decisions/0010-postgres.md). The tables of an era
-- are dropped together.
CREATE TABLE log_end (
    partition integer PRIMARY KEY,
    era integer NOT NULL,
    next bigint NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE log_era (
    partition integer NOT NULL,
    era integer NOT NULL,
    first bigint NOT NULL,
    PRIMARY KEY (partition, era)
);

CREATE TABLE log_block (
    era integer NOT NULL,
    partition integer NOT NULL,
    first bigint NOT NULL,
    count integer NOT NULL,
    block bytea NOT NULL,
    PRIMARY KEY (era, partition, first)
) PARTITION BY LIST (era);
ALTER TABLE log_block ALTER COLUMN block SET STORAGE EXTERNAL;

-- State with tags. A tag never comes back.
CREATE SEQUENCE tag CACHE 64;

CREATE TABLE state (
    kind text COLLATE "C" NOT NULL,
    key bytea NOT NULL,
    tag bigint NOT NULL,
    value bytea NOT NULL,
    PRIMARY KEY (kind, key)
) WITH (fillfactor = 80);
ALTER TABLE state ALTER COLUMN value SET STORAGE EXTERNAL;

-- Histories: their lengths, which fence appends, and their slices.
CREATE TABLE history_head (
    key bytea PRIMARY KEY,
    length bigint NOT NULL
) WITH (fillfactor = 70);

CREATE TABLE history (
    key bytea NOT NULL,
    first bigint NOT NULL,
    count integer NOT NULL,
    slice bytea NOT NULL,
    PRIMARY KEY (key, first)
);

-- The customers of each tenant.
CREATE TABLE customer (
    tenant bytea NOT NULL,
    id bytea NOT NULL,
    PRIMARY KEY (tenant, id)
);
