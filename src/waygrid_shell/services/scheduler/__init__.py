"""The scheduler: sends what a timer brings when its instant has come.

Reading order: `requests` is what it is asked for, and how that is written down once; `service` does both.
"""
