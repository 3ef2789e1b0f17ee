"""A result that is written piece by piece is there once it is whole."""

import io
from pathlib import Path

import pytest

from waygrid_shell.cli.mistake import UserError
from waygrid_shell.cli.output import result_in_pieces

TEXT = '{"name": "Zoë"}\n'.encode()


@pytest.mark.parametrize("size", [1, 3, 100])
def test_pieces_are_the_text_wherever_it_was_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    pieces = [TEXT[start : start + size] for start in range(0, len(TEXT), size)]
    shown = io.StringIO()
    monkeypatch.setattr("sys.stdout", shown)
    for output in (str(tmp_path / "whole.json"), None):
        with result_in_pieces(output) as write:
            for piece in pieces:
                write(piece)
    assert (tmp_path / "whole.json").read_bytes() == TEXT
    assert shown.getvalue().encode() == TEXT
    assert [each.name for each in tmp_path.iterdir()] == ["whole.json"]


def test_what_breaks_off_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "kept.json"
    target.write_bytes(TEXT)

    def broken() -> None:
        with result_in_pieces(str(target)) as write:
            write(b"{")
            raise ConnectionError

    with pytest.raises(ConnectionError):
        broken()
    assert target.read_bytes() == TEXT
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_that_cannot_be_written_is_said_with_its_name(tmp_path: Path) -> None:
    with (
        pytest.raises(UserError, match=r"cannot write .*nowhere"),
        result_in_pieces(str(tmp_path / "nowhere" / "file")),
    ):
        pass
