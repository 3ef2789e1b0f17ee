"""What a node does about time and failure.

Reading order: `retry` (when a failed attempt is made again), `delay` and `jitter` (how long that waits), `delivery`
(when a node is dispatched), `repeat` (when a whole traversal runs again), `join` (when a fork is decided).
"""
