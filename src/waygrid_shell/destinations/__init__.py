"""What delivers: `webhook` (to a service that listens) and `blackhole` (to nobody)."""
