-- How far the requests of each partition of the timers are written down: the offset of the first that is not.
CREATE TABLE timer_request (
  partition integer PRIMARY KEY,
  read_up_to bigint NOT NULL
) WITH (fillfactor = 10);
