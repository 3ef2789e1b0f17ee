"""What a node does about time and failure: `retry` (and `jitter`), `delivery`, `repeat`, and `join` for forks."""
