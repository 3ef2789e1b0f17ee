"""What a plant tells of itself: metrics, logs, traces.

`names` is the one table of metric names, `metrics` counts, `logs` writes lines, `quieting` leaves out those
that drivers repeat, `tracing` makes spans.
"""
