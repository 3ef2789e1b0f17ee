"""The app whose processor the benchmarks call: `waygrid serve all --app benchmarks.cluster.app:app`."""

from benchmarks.driver import app as new_app

app = new_app()
