"""What is wrong with a setting."""

from attrs import frozen


@frozen
class SettingProblem:
    """`place` says who gave it, in the user's own words: a file and key, a variable, an option."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"
