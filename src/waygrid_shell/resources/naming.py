"""What fields are called in JSON."""


def camel_case(name: str) -> str:
    """`begun_at` is written `begunAt`."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
