-- Version 2: what of a study's row has no column of its own, as in `trial`.

ALTER TABLE head ADD COLUMN more TEXT NOT NULL DEFAULT '{}';
