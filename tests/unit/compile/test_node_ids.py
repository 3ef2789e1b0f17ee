"""An id is the hash of the path that leads to a node."""

from tests.unit.compile.documents import ALWAYS, chain, fork, join, pass_node, short, spec, when, work
from waygrid_core.compile.pipeline import compile_document
from waygrid_core.model.canonical_json import canonical_json
from waygrid_core.model.digest import digest_hex


def id_of(*steps: str, salt: str = "") -> str:
    return digest_hex(canonical_json([salt, list(steps)]))[:16]


def test_a_path_begins_at_an_entry_or_at_a_node_with_an_id_a_fork_or_a_join() -> None:
    branches = {
        "a": chain(work(onTimeout=pass_node(), timeout="1s"), pass_node(), short("j")),
        "b": work(id="named", always=chain(work(), short("j")), onFailure=work()),
    }
    after = chain(work(onConditions=[when({"type": "JsonExists", "pointer": "/a"}, work()), when(ALWAYS, work())]))
    head = chain(work(), fork("j", branches, id="the-fork", join=join("j", id="the-join", onSuccess=after)))
    for salt in ("", 'a "pinch"'):
        dag = compile_document(spec(pass_node(), head), salt=salt).unwrap().dag
        expected = {
            ("entry:0",),
            ("entry:1",),
            ("fork:j",),
            ("fork:j", "branch:a"),
            ("fork:j", "branch:a", "timeout"),
            ("fork:j", "branch:a", "success"),
            ("id:named",),
            ("id:named", "always"),
            ("id:named", "failure"),
            ("join:j",),
            ("join:j", "success"),
            ("join:j", "success", "condition:0"),
            ("join:j", "success", "condition:1"),
        }
        assert dag.nodes.keys() == {id_of(*steps, salt=salt) for steps in expected}
        assert dag.entry_points == (id_of("entry:0", salt=salt), id_of("entry:1", salt=salt))
        assert dag.node_named["named"] == id_of("id:named", salt=salt)


def test_a_body_has_paths_of_its_own() -> None:
    compiled = compile_document(spec({"type": "call", "body": work()})).unwrap()
    (body,) = compiled.bodies.values()
    assert body.entry_points == (id_of("entry:0"),)
