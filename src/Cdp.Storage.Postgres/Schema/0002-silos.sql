-- Who is in a cluster: Orleans' membership, kept by Cdp.Silo. One writer after the other, told apart by the version.
CREATE TABLE silo_cluster (
    cluster text PRIMARY KEY,
    version integer NOT NULL
);

CREATE TABLE silo (
    cluster text NOT NULL REFERENCES silo_cluster ON DELETE CASCADE,
    address text NOT NULL,
    revision integer NOT NULL,
    status integer NOT NULL,
    alive timestamptz NOT NULL,
    entry jsonb NOT NULL,
    PRIMARY KEY (cluster, address)
);
