"""The short way reads no more of a body than was announced."""

from uuid import UUID

from control_plane.identity.domain import Permission, Principal, PrincipalKind
from control_plane.kernel.ids import TenantId
from web.edge.short_way import Short, ShortWay

SCOPE = {
    "type": "http",
    "method": "POST",
    "path": "/asked",
    "query_string": b"",
    "headers": [
        (b"host", b"tallyard.test"),
        (b"authorization", b"Bearer key"),
        (b"content-type", b"application/json"),
        (b"content-length", b"10"),
    ],
}


async def test_a_body_without_end_is_passed_on_where_it_is_longer_than_announced():
    read, reached = [], []

    async def endless():
        read.append({"type": "http.request", "body": b"12345678", "more_body": True})
        return read[-1]

    async def holder(_):
        return Principal(
            PrincipalKind.API_KEY, TenantId(UUID(int=1)), "key", scopes=frozenset({"read"})
        )

    async def answer(asked):
        return await asked.read()

    async def framework(_, receive, __):
        reached.extend([len(read), *[await receive() for _ in range(3)]])

    short = Short(answer, Permission.ENTITLEMENT_READ, frozenset({b"application/json"}), 100)
    await ShortWay(framework, holder, {"/asked": short})(dict(SCOPE), endless, None)

    assert reached == [2, *read]  # what was read comes once more, and then what follows
    assert len(read) == 3
