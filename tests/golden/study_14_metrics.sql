BEGIN TRANSACTION;
CREATE TABLE nas_artefacts( id INTEGER PRIMARY KEY, study INTEGER NOT NULL, trial INTEGER NOT NULL, name TEXT NOT NULL, bytes INTEGER NOT NULL, content BLOB NOT NULL, UNIQUE(study, trial, name));
CREATE TABLE nas_bounds( study INTEGER NOT NULL, position INTEGER NOT NULL, text TEXT NOT NULL, "column" TEXT NOT NULL, op TEXT NOT NULL, bound REAL NOT NULL, PRIMARY KEY(study, position)) WITHOUT ROWID;
CREATE TABLE nas_columns( study INTEGER NOT NULL, version INTEGER NOT NULL, kind TEXT NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL, stored TEXT NOT NULL, PRIMARY KEY(study, version, kind, position)) WITHOUT ROWID;
INSERT INTO "nas_columns" VALUES(1,1,'metric',0,'score','REAL','score');
INSERT INTO "nas_columns" VALUES(1,1,'metric',1,'test_score','REAL','test_score');
INSERT INTO "nas_columns" VALUES(1,1,'metric',2,'tflite_bytes','INTEGER','tflite_bytes');
INSERT INTO "nas_columns" VALUES(1,1,'metric',3,'zlib_bytes','INTEGER','zlib_bytes');
INSERT INTO "nas_columns" VALUES(1,1,'metric',4,'params','INTEGER','params');
INSERT INTO "nas_columns" VALUES(1,1,'metric',5,'nonzero_params','INTEGER','nonzero_params');
INSERT INTO "nas_columns" VALUES(1,1,'metric',6,'macs','INTEGER','macs');
INSERT INTO "nas_columns" VALUES(1,1,'metric',7,'ram_bytes','INTEGER','ram_bytes');
INSERT INTO "nas_columns" VALUES(1,1,'metric',8,'infer_ms','REAL','infer_ms');
INSERT INTO "nas_columns" VALUES(1,1,'metric',9,'infer_ms_hi','REAL','infer_ms_hi');
INSERT INTO "nas_columns" VALUES(1,1,'metric',10,'frontend_ms','REAL','frontend_ms');
INSERT INTO "nas_columns" VALUES(1,1,'metric',11,'frontend_ms_hi','REAL','frontend_ms_hi');
INSERT INTO "nas_columns" VALUES(1,1,'metric',12,'total_ms','REAL','total_ms');
INSERT INTO "nas_columns" VALUES(1,1,'metric',13,'total_ms_hi','REAL','total_ms_hi');
INSERT INTO "nas_columns" VALUES(1,1,'metric',14,'value','REAL','value');
INSERT INTO "nas_columns" VALUES(1,1,'metric',15,'slack','REAL','slack');
INSERT INTO "nas_columns" VALUES(1,1,'param',0,'point_x1','REAL','point_x1');
INSERT INTO "nas_columns" VALUES(1,1,'param',1,'point_x2','REAL','point_x2');
CREATE TABLE nas_epochs( study INTEGER NOT NULL, trial INTEGER NOT NULL, epoch INTEGER NOT NULL, step INTEGER NOT NULL, loss REAL, val_loss REAL, val_accuracy REAL, seconds REAL, PRIMARY KEY(study, trial, epoch)) WITHOUT ROWID;
CREATE TABLE nas_front_1(c0);
INSERT INTO "nas_front_1" VALUES(-1.125);
CREATE TABLE nas_goals( study INTEGER NOT NULL, position INTEGER NOT NULL, "column" TEXT NOT NULL, maximize INTEGER NOT NULL, PRIMARY KEY(study, position)) WITHOUT ROWID;
INSERT INTO "nas_goals" VALUES(1,0,'score',1);
CREATE TABLE nas_spaces( study INTEGER NOT NULL REFERENCES nas_studies(id), version INTEGER NOT NULL, hash TEXT NOT NULL, text TEXT NOT NULL, cursor INTEGER NOT NULL DEFAULT 0, exhausted INTEGER NOT NULL DEFAULT 0, created REAL NOT NULL, PRIMARY KEY(study, version), UNIQUE(study, hash));
INSERT INTO "nas_spaces" VALUES(1,1,'bd10391e272fc3ad3b5bd6c7a1d46aa4e922c4e8e7106af569f745060ad5a10a','{ "schema": 1, "name": "f", "task": { "kind": "test_function", "function": "constrained", "dimensions": 2 },
  "point": { "x1": { "choice": [-1.5, 0.25, 1] }, "x2": { "choice": [-1.5, 0.25, 1] } },
  "objective": { "maximize": "score" }, "search": { "sampler": "grid", "trials": 5 } }
',5,0,1.79601586348813605309e+09);
CREATE TABLE nas_stages( study INTEGER NOT NULL, trial INTEGER NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL, key TEXT NOT NULL, reused INTEGER NOT NULL, wall_seconds REAL, cpu_seconds REAL, PRIMARY KEY(study, trial, position)) WITHOUT ROWID;
CREATE TABLE nas_steps( study INTEGER NOT NULL, trial INTEGER NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL, accuracy REAL, tflite_bytes INTEGER, zlib_bytes INTEGER, PRIMARY KEY(study, trial, position)) WITHOUT ROWID;
CREATE TABLE nas_studies( id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE, task TEXT NOT NULL, fingerprint TEXT NOT NULL, seed INTEGER NOT NULL, trials INTEGER NOT NULL, version INTEGER NOT NULL, tie_break TEXT, created REAL NOT NULL);
INSERT INTO "nas_studies" VALUES(1,'f','test_function','a39df5430f9a2d4cba24b6fcdbf3187c6ac931e0da95169f5982dd24558e28f5',0,5,1,'zlib_bytes',1.79601586348808979986e+09);
CREATE TABLE nas_trials_1(id INTEGER PRIMARY KEY, version INTEGER NOT NULL, number INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT, attempt INTEGER NOT NULL, candidate TEXT NOT NULL, "point_x1" REAL, "point_x2" REAL, "score" REAL, "test_score" REAL, "tflite_bytes" INTEGER, "zlib_bytes" INTEGER, "params" INTEGER, "nonzero_params" INTEGER, "macs" INTEGER, "ram_bytes" INTEGER, "infer_ms" REAL, "infer_ms_hi" REAL, "frontend_ms" REAL, "frontend_ms_hi" REAL, "total_ms" REAL, "total_ms_hi" REAL, "value" REAL, "slack" REAL, seconds REAL, cpu_seconds REAL, worker TEXT, machine TEXT, heartbeat REAL, started REAL, finished REAL, reused INTEGER, epochs_trained REAL, epochs_saved REAL, json TEXT);
INSERT INTO "nas_trials_1" VALUES(1,1,0,'complete',NULL,1,'45b261af59b3cd701a91ee1104c34e0bbfddddb00deb168dd7e03060f5964de7',-1.5,-1.5,-12.5,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,12.5,-3.5,1.38889000027120346203e-04,1.37651000000000136094e-04,'w','m',NULL,1.79601586351466798786e+09,1.79601586352394080158e+09,NULL,0.0,0.0,'{
  "name": "f",
  "task": {"kind": "test_function", "function": "constrained", "dimensions": 2},
  "point": {"x1": -1.5, "x2": -1.5}
}
');
INSERT INTO "nas_trials_1" VALUES(2,1,1,'complete',NULL,1,'683b5b0c808a3fd1814d02f287372a72068e7ead52cdde23552905c042afdf49',-1.5,0.25,-6.8125,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,6.8125,-1.3125,1.04629999896133085712e-04,1.03535999999999992621e-04,'w','m',NULL,1.79601586352786254888e+09,1.79601586352815556523e+09,NULL,0.0,0.0,'{
  "name": "f",
  "task": {"kind": "test_function", "function": "constrained", "dimensions": 2},
  "point": {"x1": -1.5, "x2": 0.25}
}
');
INSERT INTO "nas_trials_1" VALUES(3,1,2,'complete',NULL,1,'0863dfe6a01f62ae78526069e16c9b935e7dfec825712fb479e9a3881a3b4e8a',-1.5,1.0,-6.25,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,6.25,-2.25,6.49550001980969682335e-05,5.91210000000000866771e-05,'w','m',NULL,1.7960158635297832489e+09,1.79601586352990937227e+09,NULL,0.0,0.0,'{
  "name": "f",
  "task": {"kind": "test_function", "function": "constrained", "dimensions": 2},
  "point": {"x1": -1.5, "x2": 1}
}
');
INSERT INTO "nas_trials_1" VALUES(4,1,3,'complete',NULL,1,'5b0e40f0314d01eb5b0fb145eda678691a30bb1042e8a58c03342f643a6ada21',0.25,-1.5,-6.8125,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,6.8125,-1.3125,6.16430002082779537886e-05,5.75340000000001440538e-05,'w','m',NULL,1.79601586353116178507e+09,1.79601586353126382823e+09,NULL,0.0,0.0,'{
  "name": "f",
  "task": {"kind": "test_function", "function": "constrained", "dimensions": 2},
  "point": {"x1": 0.25, "x2": -1.5}
}
');
INSERT INTO "nas_trials_1" VALUES(5,1,4,'complete',NULL,1,'07af30a861cf3d83a17e8a01550ddad0df4da78f38bb274e933c6f0437a114bf',0.25,0.25,-1.125,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1.125,0.875,6.36839999970106873661e-05,6.28420000000000193718e-05,'w','m',NULL,1.79601586353167986869e+09,1.79601586353179931646e+09,NULL,0.0,0.0,'{
  "name": "f",
  "task": {"kind": "test_function", "function": "constrained", "dimensions": 2},
  "point": {"x1": 0.25, "x2": 0.25}
}
');
CREATE VIEW studies AS SELECT s.name AS name, s.version AS version, nullif(s.trials, -1) AS trials, (SELECT group_concat(CASE g.maximize WHEN 1 THEN 'maximize ' ELSE 'minimize ' END  || g."column", ', ') FROM nas_goals g WHERE g.study = s.id) AS objectives, (SELECT group_concat(b.text, ', ') FROM nas_bounds b WHERE b.study = s.id) AS constraints, printf('%llu', s.seed) AS seed, s.task AS task, datetime(s.created, 'unixepoch') AS created, s.fingerprint AS fingerprint, s.id AS id FROM nas_studies s;
CREATE UNIQUE INDEX nas_trials_1_number ON nas_trials_1(version, number);
CREATE INDEX nas_trials_1_state ON nas_trials_1(version, state, number);
CREATE INDEX nas_trials_1_candidate ON nas_trials_1(candidate, version);
CREATE VIEW "f" AS SELECT number, state, reason, "point_x1" AS "point_x1", "point_x2" AS "point_x2", "score" AS "score", "test_score" AS "test_score", "tflite_bytes" AS "tflite_bytes", "zlib_bytes" AS "zlib_bytes", "params" AS "params", "nonzero_params" AS "nonzero_params", "macs" AS "macs", "ram_bytes" AS "ram_bytes", "infer_ms" AS "infer_ms", "infer_ms_hi" AS "infer_ms_hi", "frontend_ms" AS "frontend_ms", "frontend_ms_hi" AS "frontend_ms_hi", "total_ms" AS "total_ms", "total_ms_hi" AS "total_ms_hi", "value" AS "value", "slack" AS "slack", seconds, cpu_seconds, epochs_trained, epochs_saved, attempt, worker, machine, datetime(started, 'unixepoch') AS started, datetime(finished, 'unixepoch') AS finished, reused, candidate, id FROM nas_trials_1 WHERE version = 1;
CREATE INDEX nas_trials_1_goal ON nas_trials_1(version, "score" DESC, "zlib_bytes", number) WHERE state = 'complete';
CREATE VIEW "f_feasible" AS SELECT * FROM "f" WHERE state = 'complete';
CREATE TRIGGER nas_front_1_add AFTER UPDATE OF state, "score" ON nas_trials_1 WHEN NEW.state = 'complete' AND NEW.version = 1 AND NEW."score" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM nas_front_1 WHERE 1 AND c0 >= NEW."score") BEGIN DELETE FROM nas_front_1 WHERE 1 AND c0 <= NEW."score"; INSERT INTO nas_front_1 VALUES(NEW."score"); END;
CREATE VIEW "f_pareto" AS SELECT a.* FROM nas_front_1 f CROSS JOIN "f" a WHERE a.state = 'complete' AND a."score" = f.c0;
CREATE VIEW "f_best" AS SELECT * FROM "f_feasible" WHERE "score" IS NOT NULL ORDER BY "score" DESC, "zlib_bytes" ASC NULLS LAST, number LIMIT 1;
CREATE VIEW "f_rejected" AS SELECT * FROM "f" WHERE state = 'rejected';
CREATE VIEW "trials" AS SELECT * FROM (SELECT 'f' AS study, number, state, reason, "score", "test_score", "tflite_bytes", "zlib_bytes", "params", "nonzero_params", "macs", "ram_bytes", "infer_ms", "infer_ms_hi", "frontend_ms", "frontend_ms_hi", "total_ms", "total_ms_hi", "value", "slack", seconds FROM "f");
CREATE VIEW "nas_progress" AS SELECT * FROM (SELECT * FROM (SELECT 'f' AS study, 'complete' AS state, (SELECT max(number) + 1 FROM nas_trials_1 WHERE version = 1) - (SELECT count(*) FROM nas_trials_1 WHERE version = 1 AND state IN ('waiting', 'running', 'stopped', 'diverged', 'rejected', 'failed')) AS trials UNION ALL SELECT 'f', state, count(*) FROM nas_trials_1 WHERE version = 1 AND state IN ('waiting', 'running', 'stopped', 'diverged', 'rejected', 'failed') GROUP BY state) WHERE trials > 0);
COMMIT;
PRAGMA application_id=1851880241;
PRAGMA user_version=4;
