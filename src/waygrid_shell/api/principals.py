"""Principals: who has an API key, beside those of the settings."""

from typing import Final, get_args

from starlette.requests import Request
from starlette.responses import Response

from waygrid_core.model.duration import parse_duration
from waygrid_core.outcome import Failure
from waygrid_shell.api.auditing import about
from waygrid_shell.api.operation import Answer, Operation, Parameter
from waygrid_shell.api.platform import Platform
from waygrid_shell.api.problems import Refusal
from waygrid_shell.api.respond import invalid, read_body, respond
from waygrid_shell.ports.principal_store import Principal, Removal
from waygrid_shell.resources.principals import (
    MadePrincipal,
    NewPrincipal,
    PrincipalList,
    PrincipalView,
    RemovedPrincipal,
    ScopeName,
)
from waygrid_shell.resources.submission import SpecError
from waygrid_shell.settings.key_making import KEY_NAME, new_key
from waygrid_shell.settings.reading import is_loopback
from waygrid_shell.settings.settings import ApiKey

PATH: Final = "/v1/principals"

_NAME: Final = Parameter(
    name="name",
    place="path",
    says="The name of the principal.",
    schema={"type": "string", "pattern": f"^{KEY_NAME.pattern}$"},
    is_required=True,
)


def operations(platform: Platform) -> tuple[Operation, ...]:
    """List them, add one, remove one."""
    settings = platform.settings
    has_admin = any("admin" in key.scopes for key in settings.keys)
    may_be_open = not settings.keys and is_loopback(settings.host)

    async def remove(name: str) -> Removal:
        if has_admin:
            return Removal.DONE if await platform.principal_store.remove(name) else Removal.NOT_THERE
        return await platform.principal_store.remove_beside_an_admin(name, platform.clock.now())

    async def list_principals(_: Request) -> Response:
        kept = [_view(each) for each in await platform.principal_store.every()]
        given = [_view_of_settings(each) for each in platform.settings.keys]
        return respond(PrincipalList(items=tuple(sorted([*kept, *given], key=lambda each: each.name))))

    async def add_principal(request: Request) -> Response:
        wanted = await read_body(request, NewPrincipal)
        about(request, wanted.name)
        principal, key = _made(platform, wanted)
        if any(key.name == wanted.name for key in platform.settings.keys):
            raise _name_taken(wanted.name, "the settings have a key of that name")
        is_first = not settings.keys and not await platform.principal_store.every()
        if is_first and "admin" not in principal.scopes:
            raise _first_must_be_admin()
        if not await platform.principal_store.add(principal):
            raise _name_taken(wanted.name, "remove that one first, or take another name")
        if (
            not settings.keys
            and "admin" not in principal.scopes
            and await platform.principal_store.remove_the_only_one(principal.name)
        ):
            raise _first_must_be_admin()  # the last admin went meanwhile
        platform.keys.forget()
        return respond(MadePrincipal(key=key, principal=_view(principal), closes_doors=is_first), 201)

    async def remove_principal(request: Request) -> Response:
        name = str(request.path_params["name"])
        if any(key.name == name for key in platform.settings.keys):
            said = f"the key {name!r} is one of the settings; take it out of the file, and start the platform again"
            raise Refusal(409, "in-settings", "The key is one of the settings", said)
        opens_doors = False
        match await remove(name):
            case Removal.NOT_THERE:
                raise Refusal(404, "not-found", "There is no such principal", f"nobody here is called {name[:64]!r}")
            case Removal.LAST_ADMIN:
                opens_doors = may_be_open and await platform.principal_store.remove_the_only_one(name)
                if not opens_doors:
                    said = f"without {name!r} nobody could make or remove a principal any more; add another admin first"
                    raise Refusal(409, "last-admin", "It is the last admin", said)
            case Removal.DONE:
                pass
        platform.keys.forget()
        return respond(RemovedPrincipal(name=name, opens_doors=opens_doors))

    return (
        Operation(
            method="GET",
            path=PATH,
            name="listPrincipals",
            tag="principals",
            summary="List who has an API key",
            description="Those of the settings too. No key is shown: none is kept.",
            scope="admin",
            handle=list_principals,
            answers={200: Answer(says="All of them.", document=PrincipalList)},
        ),
        Operation(
            method="POST",
            path=PATH,
            name="addPrincipal",
            tag="principals",
            summary="Give somebody an API key",
            description="The answer has the key, this once. The first principal of a platform whose settings have no "
            "keys must be an admin: from then on every request needs a key.",
            scope="admin",
            handle=add_principal,
            body=NewPrincipal,
            answers={201: Answer(says="The key.", document=MadePrincipal)},
        ),
        Operation(
            method="DELETE",
            path=f"{PATH}/{{name:path}}",
            name="removePrincipal",
            tag="principals",
            summary="Take somebody's API key away",
            description="Other processes of the platform may let it pass for some seconds more.",
            scope="admin",
            handle=remove_principal,
            parameters=(_NAME,),
            answers={200: Answer(says="It is of no use any more.", document=RemovedPrincipal)},
        ),
    )


def _made(platform: Platform, wanted: NewPrincipal) -> tuple[Principal, str]:
    """The principal and its key. Raises `Refusal` with all that is wrong."""
    problems: list[SpecError] = []
    if KEY_NAME.fullmatch(wanted.name) is None:
        said = f"{wanted.name[:70]!r} is no name; write 1 to 64 letters, digits and . _ / @ -"
        problems.append(SpecError(code="bad-name", pointer="/name", message=said))
    if not wanted.scopes:
        said = f"it is empty; write one or more of {', '.join(get_args(ScopeName))}"
        problems.append(SpecError(code="out-of-range", pointer="/scopes", message=said))
    now = platform.clock.now()
    expires_at = None
    if wanted.expires_in is not None:
        parsed = parse_duration(wanted.expires_in)
        if isinstance(parsed, Failure):
            problems.append(SpecError(code="bad-duration", pointer="/expiresIn", message=parsed.failure()))
        else:
            try:
                expires_at = now + parsed.unwrap()
            except OverflowError:
                said = "it is too long; leave it out for a key that does not expire"
                problems.append(SpecError(code="out-of-range", pointer="/expiresIn", message=said))
    if problems:
        raise invalid(problems)
    made = new_key(wanted.name, frozenset(wanted.scopes))
    principal = Principal(
        name=wanted.name, digest=made.kept.digest, scopes=made.kept.scopes, made_at=now, expires_at=expires_at
    )
    return principal, made.key


def _first_must_be_admin() -> Refusal:
    said = (
        "from the first principal on every request needs a key, and with this one alone nobody could make or remove "
        "another; give it the scope admin"
    )
    return Refusal(409, "first-must-be-admin", "The first principal must be an admin", said)


def _name_taken(name: str, why: str) -> Refusal:
    return Refusal(409, "name-taken", "The name is taken", f"there is a principal {name!r} already: {why}")


def _view(principal: Principal) -> PrincipalView:
    return PrincipalView(
        name=principal.name,
        scopes=tuple(sorted(principal.scopes)),
        source="platform",
        made_at=principal.made_at,
        expires_at=principal.expires_at,
    )


def _view_of_settings(key: ApiKey) -> PrincipalView:
    return PrincipalView(name=key.name, scopes=tuple(sorted(key.scopes)), source="settings")
