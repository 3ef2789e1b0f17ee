"""Golden files: the wire form of every class, twice (as short as it may be, and with every field), one a line.

A form that was once written is read for ever. So a golden file is never changed: a class whose form changes gets a new
version (`waygrid_core/codec/versions.py`), and a new file beside the old one. To write the files that are missing:

    WAYGRID_WRITE_GOLDEN=1 python -m pytest tests/unit/codec/test_golden_wire.py
"""

import os
from pathlib import Path
from typing import Final

import pytest

from tests.unit.codec.wire_values import KINDS, WIRES, full, least
from waygrid_core.codec.versions import UPCASTERS, tag_of

GOLDEN: Final = Path(__file__).parents[2] / "golden" / "wire"
FILES: Final = sorted(GOLDEN.rglob("*.json"))


@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_the_form_of_a_class_is_that_of_its_version(name: str, kind: type) -> None:
    path = GOLDEN / name / f"{tag_of(kind, UPCASTERS)}.json"
    forms = [WIRES[name].encode(least(kind)), WIRES[name].encode(full(kind))]
    if not path.exists() and os.environ.get("WAYGRID_WRITE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\n".join([*forms, b""]))
    assert path.exists(), f"{kind.__name__} has no golden file; this module says how to write it"
    assert path.read_bytes().splitlines() == forms, (
        f"the wire form of {kind.__name__} changed: what is stored already must still be read. Leave the golden file, "
        f"add an upcaster to waygrid_core/codec/versions.py, and write a golden file of the new version"
    )


@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_the_golden_form_of_a_class_reads_as_the_value_that_it_was_written_from(name: str, kind: type) -> None:
    lines = (GOLDEN / name / f"{tag_of(kind, UPCASTERS)}.json").read_bytes().splitlines()
    assert [WIRES[name].decode(line).unwrap() for line in lines] == [least(kind), full(kind)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(GOLDEN)))
def test_every_form_that_was_ever_written_is_read(path: Path) -> None:
    wire = WIRES[str(path.parent.relative_to(GOLDEN))]
    for line in path.read_bytes().splitlines():
        value = wire.decode(line).unwrap()
        assert wire.decode(wire.encode(value)).unwrap() == value


def test_no_golden_file_is_lost() -> None:
    assert len(list(GOLDEN.rglob("*.json"))) >= len(KINDS)
