"""What delivers: `webhook` (to a service that listens), `websocket` (to channels), `kafka` (to topics), `blackhole`."""
