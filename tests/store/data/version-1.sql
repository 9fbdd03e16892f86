BEGIN TRANSACTION;
CREATE TABLE command (               -- the inbox; a command that an event has answered keeps its number and key only
    study INTEGER NOT NULL REFERENCES study (id),
    number INTEGER NOT NULL,
    key TEXT,
    command TEXT,
    PRIMARY KEY (study, number),
    UNIQUE (study, key)
) WITHOUT ROWID;
CREATE TABLE event (
    study INTEGER NOT NULL REFERENCES study (id),
    seq INTEGER NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (study, seq)
) WITHOUT ROWID;
INSERT INTO "event" VALUES(1,1,'{"type":"study_created","study":"lenet","space":{"type":"space","dimensions":[{"name":"lr","type":"float","low":0.001,"high":1.0,"log":true},{"name":"opt","type":"choice","values":["adam","sgd"]}]},"goal":{"metric":"error","mode":"min"},"seed":3,"searcher":{"name":"random"},"scheduler":{"name":"asha","max_t":4,"grace_period":1,"reduction_factor":3,"variant":"stopping","searcher":{"name":"random"}},"objective":"/home/ada/mk.py:trained","provenance":{"command":"/usr/bin/python3 mk.py","directory":"/home/ada","git":null,"host":"vm","platform":"Linux-6.1.0-x86_64-with-glibc2.36","python":"3.11.7","packages":{"rung":"0.1.0","numpy":"2.4.6","scipy":"1.17.1","torch":"2.13.0+cpu","scikit-learn":"1.9.1","msgspec":"0.22.0"}},"unix":1795212647.986087}');
INSERT INTO "event" VALUES(1,2,'{"type":"session_started","at":5.3179992391960695e-6,"session":1,"owner":{"host":"vm","boot":"00000000-0000-4000-8000-000000000001","pid":7490,"started":1271382.0,"session":"d9f1bbc268f389ce"},"slots":1,"unix":1795212647.9878042,"settings":{"max_trials":4,"incumbent_from":"any","limits":{"trial_seconds":null,"stall_seconds":null,"stop_grace_s":600.0,"max_kills":3,"failures_in_a_row":null}},"provenance":{"command":"/usr/bin/python3 mk.py","directory":"/home/ada","git":null,"host":"vm","platform":"Linux-6.1.0-x86_64-with-glibc2.36","python":"3.11.7","packages":{"rung":"0.1.0","numpy":"2.4.6","scipy":"1.17.1","torch":"2.13.0+cpu","scikit-learn":"1.9.1","msgspec":"0.22.0"}}}');
INSERT INTO "event" VALUES(1,3,'{"type":"started","at":0.006845855999927153,"trial":0,"attempt":1,"config":{"lr":0.04208321857613508,"opt":"adam"},"until":4,"decide_at":[1,3],"draw":0,"decide_s":0.005669717000273522}');
INSERT INTO "event" VALUES(1,4,'{"type":"observed","at":0.007559384999694885,"trial":0,"attempt":1,"step":1,"metrics":{"error":1.042083218576135},"loss":1.042083218576135}');
INSERT INTO "event" VALUES(1,5,'{"type":"observed","at":0.0080764239992277,"trial":0,"attempt":1,"step":2,"metrics":{"error":0.5420832185761351},"loss":0.5420832185761351}');
INSERT INTO "event" VALUES(1,6,'{"type":"observed","at":0.008098435999272624,"trial":0,"attempt":1,"step":3,"metrics":{"error":0.3754165519094684},"loss":0.3754165519094684}');
INSERT INTO "event" VALUES(1,7,'{"type":"observed","at":0.00857701399945654,"trial":0,"attempt":1,"step":4,"metrics":{"error":0.29208321857613506},"loss":0.29208321857613506}');
INSERT INTO "event" VALUES(1,8,'{"type":"ended","at":0.008936271999118617,"trial":0,"attempt":1,"state":"completed"}');
INSERT INTO "event" VALUES(1,9,'{"type":"started","at":0.00944054200044775,"trial":1,"attempt":1,"config":{"lr":0.001999899104743696,"opt":"sgd"},"until":4,"decide_at":[1,3],"draw":1,"decide_s":0.00013393599874689244}');
INSERT INTO "event" VALUES(1,10,'{"type":"observed","at":0.009889208999084076,"trial":1,"attempt":1,"step":1,"metrics":{"error":1.0019998991047436},"loss":1.0019998991047436}');
INSERT INTO "event" VALUES(1,11,'{"type":"observed","at":0.010244217999570537,"trial":1,"attempt":1,"step":2,"metrics":{"error":0.5019998991047437},"loss":0.5019998991047437}');
INSERT INTO "event" VALUES(1,12,'{"type":"observed","at":0.010253153999656206,"trial":1,"attempt":1,"step":3,"metrics":{"error":0.335333232438077},"loss":0.335333232438077}');
INSERT INTO "event" VALUES(1,13,'{"type":"observed","at":0.010560564000115846,"trial":1,"attempt":1,"step":4,"metrics":{"error":0.2519998991047437},"loss":0.2519998991047437}');
INSERT INTO "event" VALUES(1,14,'{"type":"ended","at":0.010890842000662815,"trial":1,"attempt":1,"state":"completed"}');
INSERT INTO "event" VALUES(1,15,'{"type":"started","at":0.011351945999194868,"trial":2,"attempt":1,"config":{"lr":0.0014684005368321219,"opt":"adam"},"until":4,"decide_at":[1,3],"draw":2,"decide_s":0.00011699799870257266}');
INSERT INTO "event" VALUES(1,16,'{"type":"observed","at":0.011785295999288792,"trial":2,"attempt":1,"step":1,"metrics":{"error":1.0014684005368322},"loss":1.0014684005368322}');
INSERT INTO "event" VALUES(1,17,'{"type":"observed","at":0.012151656999776606,"trial":2,"attempt":1,"step":2,"metrics":{"error":0.5014684005368322},"loss":0.5014684005368322}');
INSERT INTO "event" VALUES(1,18,'{"type":"observed","at":0.012159555999460281,"trial":2,"attempt":1,"step":3,"metrics":{"error":0.33480173387016543},"loss":0.33480173387016543}');
INSERT INTO "event" VALUES(1,19,'{"type":"observed","at":0.012517224000475835,"trial":2,"attempt":1,"step":4,"metrics":{"error":0.2514684005368321},"loss":0.2514684005368321}');
INSERT INTO "event" VALUES(1,20,'{"type":"ended","at":0.012958819999767002,"trial":2,"attempt":1,"state":"completed"}');
INSERT INTO "event" VALUES(1,21,'{"type":"started","at":0.013447620000079041,"trial":3,"attempt":1,"config":{"lr":0.01311999958497147,"opt":"sgd"},"until":4,"decide_at":[1,3],"draw":3,"decide_s":0.00010585199925117195}');
INSERT INTO "event" VALUES(1,22,'{"type":"observed","at":0.013875831999030197,"trial":3,"attempt":1,"step":1,"metrics":{"error":1.0131199995849716},"loss":1.0131199995849716}');
INSERT INTO "event" VALUES(1,23,'{"type":"decided","at":0.013896391999878688,"trial":3,"attempt":1,"step":1,"action":"stop","why":"rung 1: rank 3 of 4"}');
INSERT INTO "event" VALUES(1,24,'{"type":"ended","at":0.014262132999647292,"trial":3,"attempt":1,"state":"stopped","reason":"scheduler","message":"rung 1: rank 3 of 4"}');
INSERT INTO "event" VALUES(1,25,'{"type":"session_ended","at":0.014714742999785813,"session":1,"why":"done"}');
INSERT INTO "event" VALUES(1,26,'{"type":"session_started","at":0.014718886999617098,"session":2,"owner":{"host":"vm","boot":"00000000-0000-4000-8000-000000000001","pid":7490,"started":1271382.0,"session":"33929fb34b64d5d4"},"slots":1,"unix":1795212648.0112226,"provenance":{"command":"/usr/bin/python3 mk.py","directory":"/home/ada","git":null,"host":"vm","platform":"Linux-6.1.0-x86_64-with-glibc2.36","python":"3.11.7","packages":{"rung":"0.1.0","numpy":"2.4.6","scipy":"1.17.1","torch":"2.13.0+cpu","scikit-learn":"1.9.1","msgspec":"0.22.0"}}}');
INSERT INTO "event" VALUES(1,27,'{"type":"enqueued","at":0.015230479999445379,"config":{"lr":0.01,"opt":"sgd"}}');
INSERT INTO "event" VALUES(1,28,'{"type":"session_ended","at":0.015531850998740993,"session":2,"why":"done"}');
INSERT INTO "event" VALUES(2,1,'{"type":"study_created","study":"other","space":{"type":"space","dimensions":[{"name":"lr","type":"float","low":0.001,"high":1.0,"log":true},{"name":"opt","type":"choice","values":["adam","sgd"]}]},"goal":{"metric":"error","mode":"min"},"seed":4,"searcher":{"name":"random"},"scheduler":{"name":"asha","max_t":4,"grace_period":1,"reduction_factor":3,"variant":"stopping","searcher":{"name":"random"}},"objective":"/home/ada/mk.py:trained","provenance":{"command":"/usr/bin/python3 mk.py","directory":"/home/ada","git":null,"host":"vm","platform":"Linux-6.1.0-x86_64-with-glibc2.36","python":"3.11.7","packages":{"rung":"0.1.0","numpy":"2.4.6","scipy":"1.17.1","torch":"2.13.0+cpu","scikit-learn":"1.9.1","msgspec":"0.22.0"}},"unix":1795212648.0290318}');
INSERT INTO "event" VALUES(2,2,'{"type":"session_started","at":4.47100137535017e-6,"session":1,"owner":{"host":"vm","boot":"00000000-0000-4000-8000-000000000001","pid":7490,"started":1271382.0,"session":"0a8685ecc4f77f7f"},"slots":1,"unix":1795212648.0305798,"settings":{"max_trials":1,"incumbent_from":"any","limits":{"trial_seconds":null,"stall_seconds":null,"stop_grace_s":600.0,"max_kills":3,"failures_in_a_row":null}},"provenance":{"command":"/usr/bin/python3 mk.py","directory":"/home/ada","git":null,"host":"vm","platform":"Linux-6.1.0-x86_64-with-glibc2.36","python":"3.11.7","packages":{"rung":"0.1.0","numpy":"2.4.6","scipy":"1.17.1","torch":"2.13.0+cpu","scikit-learn":"1.9.1","msgspec":"0.22.0"}}}');
INSERT INTO "event" VALUES(2,3,'{"type":"started","at":0.0009986130007746397,"trial":0,"attempt":1,"config":{"lr":0.5135935162563314,"opt":"adam"},"until":4,"decide_at":[1,3],"draw":0,"decide_s":0.00022468200040748343}');
INSERT INTO "event" VALUES(2,4,'{"type":"ended","at":0.0020501920007518493,"trial":0,"attempt":1,"state":"failed","reason":"error","message":"RuntimeError: diverged\nTraceback (most recent call last):\n  File \"/home/ada/mk.py\", line 11, in trained\n    if lr>0.5: raise RuntimeError(''diverged'')\n               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\nRuntimeError: diverged"}');
INSERT INTO "event" VALUES(2,5,'{"type":"session_ended","at":0.0025833990002865903,"session":1,"why":"done"}');
CREATE TABLE event_key (             -- the keys of all events but reports, whose key is that of their row in `report`
    study INTEGER NOT NULL REFERENCES study (id),
    key TEXT NOT NULL,
    PRIMARY KEY (study, key)
) WITHOUT ROWID;
INSERT INTO "event_key" VALUES(1,'decide/3/1');
INSERT INTO "event_key" VALUES(1,'end/0/1/completed');
INSERT INTO "event_key" VALUES(1,'end/1/1/completed');
INSERT INTO "event_key" VALUES(1,'end/2/1/completed');
INSERT INTO "event_key" VALUES(1,'end/3/1/stopped');
INSERT INTO "event_key" VALUES(1,'session/1');
INSERT INTO "event_key" VALUES(1,'session/1/end');
INSERT INTO "event_key" VALUES(1,'session/2');
INSERT INTO "event_key" VALUES(1,'session/2/end');
INSERT INTO "event_key" VALUES(1,'start/0/1');
INSERT INTO "event_key" VALUES(1,'start/1/1');
INSERT INTO "event_key" VALUES(1,'start/2/1');
INSERT INTO "event_key" VALUES(1,'start/3/1');
INSERT INTO "event_key" VALUES(1,'study');
INSERT INTO "event_key" VALUES(2,'end/0/1/failed');
INSERT INTO "event_key" VALUES(2,'session/1');
INSERT INTO "event_key" VALUES(2,'session/1/end');
INSERT INTO "event_key" VALUES(2,'start/0/1');
INSERT INTO "event_key" VALUES(2,'study');
CREATE TABLE head (                  -- what changes with every append: where the log stands, and who writes it
    study INTEGER PRIMARY KEY REFERENCES study (id),
    seq INTEGER NOT NULL DEFAULT 0,  -- of the newest event
    at REAL NOT NULL DEFAULT 0,
    sessions INTEGER NOT NULL DEFAULT 0,
    last_unix REAL NOT NULL DEFAULT 0,
    ended_why TEXT,
    counts TEXT NOT NULL DEFAULT '{}',
    best_trial INTEGER,
    best_step INTEGER,
    best_loss REAL,
    draws INTEGER NOT NULL DEFAULT 0,
    epoch INTEGER NOT NULL DEFAULT 0,
    holder TEXT,                     -- who has the lease: owner, ttl and since when; NULL when nobody has
    renewed_boot TEXT,
    renewed_uptime REAL,
    renewed_unix REAL
);
INSERT INTO "head" VALUES(1,28,1.55318509987409925088e-02,2,1.79521264801122260087e+09,'done','{"running":0,"completed":3,"stopped":1}',2,4,2.51468400536832115133e-01,4,2,NULL,NULL,NULL,NULL);
INSERT INTO "head" VALUES(2,5,2.58339900028659030795e-03,1,1.79521264803057980542e+09,'done','{"running":0,"failed":1}',NULL,NULL,NULL,1,1,NULL,NULL,NULL,NULL);
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "meta" VALUES('schema_version','1');
CREATE TABLE report (                -- finds the events of the kind `observed`
    study INTEGER NOT NULL REFERENCES study (id),
    trial INTEGER NOT NULL,
    step INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (study, trial, step)
) WITHOUT ROWID;
INSERT INTO "report" VALUES(1,0,1,4);
INSERT INTO "report" VALUES(1,0,2,5);
INSERT INTO "report" VALUES(1,0,3,6);
INSERT INTO "report" VALUES(1,0,4,7);
INSERT INTO "report" VALUES(1,1,1,10);
INSERT INTO "report" VALUES(1,1,2,11);
INSERT INTO "report" VALUES(1,1,3,12);
INSERT INTO "report" VALUES(1,1,4,13);
INSERT INTO "report" VALUES(1,2,1,16);
INSERT INTO "report" VALUES(1,2,2,17);
INSERT INTO "report" VALUES(1,2,3,18);
INSERT INTO "report" VALUES(1,2,4,19);
INSERT INTO "report" VALUES(1,3,1,22);
CREATE TABLE study (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created TEXT NOT NULL            -- the StudyCreated event, with space and settings as they are now
);
INSERT INTO "study" VALUES(1,'lenet','{"type":"study_created","study":"lenet","space":{"type":"space","dimensions":[{"name":"lr","type":"float","low":0.001,"high":1.0,"log":true},{"name":"opt","type":"choice","values":["adam","sgd"]}]},"goal":{"metric":"error","mode":"min"},"seed":3,"searcher":{"name":"random"},"scheduler":{"name":"asha","max_t":4,"grace_period":1,"reduction_factor":3,"variant":"stopping","searcher":{"name":"random"}},"objective":"/home/ada/mk.py:trained","settings":{"max_trials":4,"incumbent_from":"any","limits":{"trial_seconds":null,"stall_seconds":null,"stop_grace_s":600.0,"max_kills":3,"failures_in_a_row":null}},"provenance":{"command":"/usr/bin/python3 mk.py","directory":"/home/ada","git":null,"host":"vm","platform":"Linux-6.1.0-x86_64-with-glibc2.36","python":"3.11.7","packages":{"rung":"0.1.0","numpy":"2.4.6","scipy":"1.17.1","torch":"2.13.0+cpu","scikit-learn":"1.9.1","msgspec":"0.22.0"}},"unix":1795212647.986087}');
INSERT INTO "study" VALUES(2,'other','{"type":"study_created","study":"other","space":{"type":"space","dimensions":[{"name":"lr","type":"float","low":0.001,"high":1.0,"log":true},{"name":"opt","type":"choice","values":["adam","sgd"]}]},"goal":{"metric":"error","mode":"min"},"seed":4,"searcher":{"name":"random"},"scheduler":{"name":"asha","max_t":4,"grace_period":1,"reduction_factor":3,"variant":"stopping","searcher":{"name":"random"}},"objective":"/home/ada/mk.py:trained","settings":{"max_trials":1,"incumbent_from":"any","limits":{"trial_seconds":null,"stall_seconds":null,"stop_grace_s":600.0,"max_kills":3,"failures_in_a_row":null}},"provenance":{"command":"/usr/bin/python3 mk.py","directory":"/home/ada","git":null,"host":"vm","platform":"Linux-6.1.0-x86_64-with-glibc2.36","python":"3.11.7","packages":{"rung":"0.1.0","numpy":"2.4.6","scipy":"1.17.1","torch":"2.13.0+cpu","scikit-learn":"1.9.1","msgspec":"0.22.0"}},"unix":1795212648.0290318}');
CREATE TABLE trial (
    study INTEGER NOT NULL REFERENCES study (id),
    number INTEGER NOT NULL,
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    worker INTEGER NOT NULL,
    until INTEGER,
    parent INTEGER,
    started_at REAL NOT NULL,
    ended_at REAL,
    launched_at REAL NOT NULL,
    runtime REAL NOT NULL,
    last_step INTEGER NOT NULL,
    last_loss REAL,
    last_at REAL NOT NULL,
    best_loss REAL,
    best_step INTEGER,
    reason TEXT NOT NULL,
    decided TEXT,
    host TEXT NOT NULL,
    pid INTEGER,
    session INTEGER NOT NULL,
    more TEXT NOT NULL,              -- config, decide_at, message, checkpoints
    PRIMARY KEY (study, number)
) WITHOUT ROWID;
INSERT INTO "trial" VALUES(1,0,'completed',1,0,4,NULL,6.84585599992715287953e-03,8.93627199911861680448e-03,6.84585599992715287953e-03,2.09041599919146392494e-03,4,2.92083218576135061894e-01,0.00857701399945654,2.92083218576135061894e-01,4,'',NULL,'',NULL,1,'{"config":{"lr":0.04208321857613508,"opt":"adam"},"decide_at":[1,3]}');
INSERT INTO "trial" VALUES(1,1,'completed',1,0,4,NULL,0.00944054200044775,1.08908420006628148257e-02,0.00944054200044775,1.45030000021506566554e-03,4,2.51999899104743685374e-01,1.05605640001158462837e-02,2.51999899104743685374e-01,4,'',NULL,'',NULL,1,'{"config":{"lr":0.001999899104743696,"opt":"sgd"},"decide_at":[1,3]}');
INSERT INTO "trial" VALUES(1,2,'completed',1,0,4,NULL,1.13519459991948679089e-02,1.29588199997670017182e-02,1.13519459991948679089e-02,1.60687400057213380932e-03,4,2.51468400536832115133e-01,1.25172240004758350551e-02,2.51468400536832115133e-01,4,'',NULL,'',NULL,1,'{"config":{"lr":0.0014684005368321219,"opt":"adam"},"decide_at":[1,3]}');
INSERT INTO "trial" VALUES(1,3,'stopped',1,0,4,NULL,1.34476200000790413469e-02,1.42621329996472923085e-02,1.34476200000790413469e-02,0.000814512999568251,1,1.01311999958497156448e+00,1.38758319990301970392e-02,1.01311999958497156448e+00,1,'scheduler','stop','',NULL,1,'{"config":{"lr":0.01311999958497147,"opt":"sgd"},"decide_at":[1,3],"message":"rung 1: rank 3 of 4","decided_at":0.013896391999878688}');
INSERT INTO "trial" VALUES(2,0,'failed',1,0,4,NULL,9.98613000774639658629e-04,2.0501920007518492639e-03,9.98613000774639658629e-04,1.05157899997720960527e-03,0,NULL,9.98613000774639658629e-04,NULL,NULL,'error',NULL,'',NULL,1,'{"config":{"lr":0.5135935162563314,"opt":"adam"},"decide_at":[1,3],"message":"RuntimeError: diverged\nTraceback (most recent call last):\n  File \"/home/ada/mk.py\", line 11, in trained\n    if lr>0.5: raise RuntimeError(''diverged'')\n               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\nRuntimeError: diverged"}');
CREATE INDEX command_open ON command (study, number) WHERE command IS NOT NULL;
COMMIT;
