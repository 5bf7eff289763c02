
-- Rows of request, packed (packed.go), since version 2; request has those of version 1. id is that of the last row,
-- or of one that was deleted after it; first and last are the earliest and the latest start.
CREATE TABLE chunk (id INTEGER PRIMARY KEY AUTOINCREMENT, first INTEGER, last INTEGER, data BLOB) STRICT;
CREATE INDEX chunk_span ON chunk (last, first);
