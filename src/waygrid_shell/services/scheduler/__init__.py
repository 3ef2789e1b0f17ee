"""The scheduler: sends what a timer brings when its instant has come. `service` is all of it."""
