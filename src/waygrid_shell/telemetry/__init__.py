"""What a plant tells of itself: metrics, logs, traces.

`names` is the one table of metric names, `metrics` counts, `logs` writes lines, `tracing` makes spans.
"""
