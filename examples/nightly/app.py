"""The report of a night. One of the nights fails, for nights do."""

from typing import Any

from waygrid_shell.processors.function import App, Attempt, Failed

app = App()


@app.processor("collect")
def collect(payload: Any, attempt: Attempt) -> dict[str, Any]:
    """Collect what happened in a night."""
    night = attempt.parameters["night"]
    if night == payload["badNight"]:
        raise Failed("no-data", f"night {night} has no data")
    return {"night": night, "rows": 10}


@app.processor("page")
def page(failure: Any) -> dict[str, Any]:
    """Wake somebody."""
    print(f"somebody is woken: {failure['error']['message']}")
    return {}


@app.processor("storage")
def storage(ending: Any) -> dict[str, Any]:
    """Give the scratch space back."""
    print("the scratch space is given back")
    return {}
