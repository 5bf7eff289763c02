CREATE TABLE name (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
INSERT INTO name VALUES (0, '');

-- Times are in microseconds; start since 1970. Texts are in name.
CREATE TABLE request (
  id INTEGER PRIMARY KEY AUTOINCREMENT, start INTEGER NOT NULL,
  duration INTEGER, first_byte INTEGER, asked INTEGER, upstream INTEGER,
  client INTEGER, user_agent INTEGER, session INTEGER, agent INTEGER, route INTEGER, streamed INTEGER,
  requested INTEGER, model_group INTEGER, fallback INTEGER,
  deployment INTEGER, provider INTEGER, host INTEGER, model INTEGER, account INTEGER,
  status INTEGER, class INTEGER, attempts INTEGER, request_bytes INTEGER, reply_bytes INTEGER,
  told INTEGER, input INTEGER, cached INTEGER, cache_write INTEGER, hour_write INTEGER, output INTEGER, reasoning INTEGER,
  cost REAL, call TEXT
) STRICT;
CREATE INDEX request_start ON request (start);

-- The sums of request by the hour since 1970, always equal to what request has.
CREATE TABLE hour (
  hour INTEGER, client INTEGER, session INTEGER, account INTEGER, deployment INTEGER, model INTEGER,
  requests INTEGER, failures INTEGER, untold INTEGER, unpriced INTEGER,
  input INTEGER, cached INTEGER, cache_write INTEGER, output INTEGER, reasoning INTEGER, cost REAL,
  duration INTEGER, first_byte INTEGER, first_bytes INTEGER,
  PRIMARY KEY (hour, client, session, account, deployment, model)
) STRICT, WITHOUT ROWID;

-- Spans of time in which requests were not written.
CREATE TABLE gap (id INTEGER PRIMARY KEY, start INTEGER, stop INTEGER, requests INTEGER, reason TEXT) STRICT;

-- The newest quota windows of each account, as JSON of quota.Seen.
CREATE TABLE quota (key TEXT PRIMARY KEY, at INTEGER, seen TEXT) STRICT, WITHOUT ROWID;
