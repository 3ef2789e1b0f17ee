"""What pointers in data can name, and the text of `$text`: parsed and written."""

from typing import Final

from waygrid_core.model.json_pointer import parse_pointer, write_pointer
from waygrid_core.outcome import Failure, Outcome, Success
from waygrid_core.template.template import DataPointer, TextLeaf

_ROOTS: Final = "/payload, /input, /traversal or /nodes/<id>/output"


def parse_data_pointer(text: str) -> Outcome[DataPointer, str]:
    """The data pointer that `text` writes, or a sentence that says what would be right.

    Whether its node exists, and can be seen from where the pointer stands, is for the compiler to say.
    """
    parsed = parse_pointer(text)
    if isinstance(parsed, Failure):
        return parsed
    match parsed.unwrap():
        case ("payload", *tokens):
            return Success(DataPointer("payload", tuple(tokens)))
        case ("input", *tokens):
            return Success(DataPointer("input", tuple(tokens)))
        case ("traversal", *tokens):
            return Success(DataPointer("traversal", tuple(tokens)))
        case ("nodes", node, "output", *tokens) if node:
            return Success(DataPointer("node", tuple(tokens), node))
        case _:
            return Failure(f"{text[:60]!r} points at nothing that a node can see; begin it with {_ROOTS}")


def write_data_pointer(pointer: DataPointer) -> str:
    """The text of a data pointer; `parse_data_pointer` gives it back."""
    if pointer.root == "node":
        assert pointer.node is not None
        return write_pointer(("nodes", pointer.node, "output", *pointer.tokens))
    return write_pointer((pointer.root, *pointer.tokens))


def parse_text(text: str) -> Outcome[TextLeaf, str]:
    """The leaf that the text of a `$text` writes, or a sentence that says what would be right."""
    parts: list[str | DataPointer] = []
    plain: list[str] = []
    position = 0
    while position < len(text):
        character = text[position]
        if character not in "{}":
            end = _next_brace(text, position)
            plain.append(text[position:end])
            position = end
        elif text.startswith(character * 2, position):
            plain.append(character)
            position += 2
        elif character == "}":
            return Failure(f"a }} without its {{ at character {position}; write }}}} for a brace")
        else:
            end = _next_brace(text, position + 1)
            if not text.startswith("}", end):
                return Failure(f"the {{ at character {position} is never closed; write {{{{ for a brace")
            pointer = parse_data_pointer(text[position + 1 : end])
            if isinstance(pointer, Failure):
                return Failure(f"{pointer.failure()}; write {{{{ for a brace")
            if plain:
                parts.append("".join(plain))
                plain = []
            parts.append(pointer.unwrap())
            position = end + 1
    if plain:
        parts.append("".join(plain))
    return Success(TextLeaf(tuple(parts)))


def write_text(leaf: TextLeaf) -> str:
    """The text of a `$text`; `parse_text` gives the leaf back, if none of its pointers has a brace."""
    return "".join(
        part.replace("{", "{{").replace("}", "}}") if isinstance(part, str) else "{" + write_data_pointer(part) + "}"
        for part in leaf.parts
    )


def _next_brace(text: str, start: int) -> int:
    """The index of the first brace at or after `start`; the text's length if there is none."""
    opening, closing = text.find("{", start), text.find("}", start)
    return min((index for index in (opening, closing) if index >= 0), default=len(text))
