"""Why bytes could not be read."""

from attrs import frozen


@frozen
class DecodeError:
    """`where` is the place (`$` is the whole, `$.nodes` a member), `message` what is wrong there."""

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.message} at {self.where}"
