"""Why a file could not be read, in words of a person."""

import errno
import os

import pytest

from waygrid_shell.cli.source import why


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOENT, "there is no such file"),
        (errno.EISDIR, "it is a directory"),
        (errno.EACCES, "permission denied"),
        (errno.ENAMETOOLONG, "file name too long"),
        (errno.EIO, "input/output error"),
    ],
)
def test_the_reason_of_the_operating_system_is_told(number: int, words: str) -> None:
    assert why(OSError(number, os.strerror(number))) == words


def test_a_name_that_python_refuses_has_its_reason() -> None:
    assert why(ValueError("embedded null byte")) == "embedded null byte"
