"""What-if: invoices of prices, subscriptions and usage of one's choice."""

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Router, post
from litestar.di import NamedDependency

from billing.domain.explain import explain_lines
from billing.whatif.running import Simulation
from control_plane.identity.domain import Permission
from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money
from web.api.bodies import SCENARIO
from web.api.common import ApiRequest
from web.compose import Application
from web.i18n import translate


class SimulatedLine(msgspec.Struct):
    """One line in words: ``steps`` lead from what was measured to ``amount``."""

    key: str
    title: str
    first_day: str
    last_day: str
    amount: str
    steps: list[str]


class SimulatedDocument(msgspec.Struct):
    """An invoice or a credit note as it would be; amounts are decimal texts.

    ``content`` is its canonical body, as an issued document has it.
    """

    kind: str
    number: str
    dated: str
    net: str
    tax: str
    total: str
    due: str
    lines: list[SimulatedLine]
    content: Mapping[str, Any]


class SimulationView(msgspec.Struct):
    """Everything a scenario comes to: sums with credit notes taken off, and each document."""

    currency: str
    net: str
    tax: str
    total: str
    documents: list[SimulatedDocument]


def simulation_view(found: Simulation, language: str) -> SimulationView:
    """Show a simulation, its explanations in ``en`` or ``zh``."""
    return SimulationView(
        currency=found.currency,
        net=_amount(found.sum_of("net_minor"), found.currency),
        tax=_amount(found.sum_of("tax_minor"), found.currency),
        total=_amount(found.sum_of("total_minor"), found.currency),
        documents=[_document(body, language) for body in found.documents],
    )


def _document(body: Mapping[str, Any], language: str) -> SimulatedDocument:
    code = body["currency"]
    explained = explain_lines(body, language, lambda message: translate(language, message))
    return SimulatedDocument(
        kind=body["kind"],
        number=body["number"],
        dated=body["date"],
        net=_amount(body["net_minor"], code),
        tax=_amount(body["tax_minor"], code),
        total=_amount(body["total_minor"], code),
        due=_amount(body["due_minor"], code),
        lines=[
            SimulatedLine(
                key=line.key,
                title=line.title,
                first_day=line.first_day,
                last_day=line.last_day,
                amount=_amount(line.amount_minor, code),
                steps=[step.text for step in line.steps],
            )
            for line in explained
        ],
        content=body,
    )


def _amount(minor: int, code: str) -> str:
    return Money(minor, currency(code)).decimal_text()


@post(
    "/simulations",
    status_code=200,
    opt={"permission": Permission.CATALOG_READ, "idempotent": False, "request_body": SCENARIO},
)
async def simulate(
    request: ApiRequest, application: NamedDependency[Application]
) -> SimulationView:
    """Simulate a scenario, sent as JSON or YAML. Nothing is kept, so no key is needed."""
    text = (await request.body()).decode("utf-8", "replace")
    found = await application.simulate(text)
    return simulation_view(found, request.scope["state"]["language"])


router = Router("/v1", tags=["What-if"], route_handlers=[simulate])
