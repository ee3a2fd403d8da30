-- How far each event is on its way. Nobody claims a pending one before due_at: until then it is
-- held, or leased to a courier, or waits for its next try.

ALTER TABLE outbox ADD COLUMN state TEXT NOT NULL DEFAULT 'pending'
    CHECK (state IN ('pending', 'delivered', 'dead'));
ALTER TABLE outbox ADD COLUMN tries BIGINT NOT NULL DEFAULT 0 CHECK (tries >= 0);
ALTER TABLE outbox ADD COLUMN due_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN error TEXT;

-- Claiming must not cost more when many events are delivered.
CREATE INDEX outbox_pending ON outbox (due_at, sequence) WHERE state = 'pending';
CREATE INDEX outbox_pending_by_account ON outbox (account, sequence) WHERE state = 'pending';

-- The channels that have an event already.
CREATE TABLE outbox_deliveries (
    event   TEXT NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
    channel TEXT NOT NULL,
    PRIMARY KEY (event, channel)
);
