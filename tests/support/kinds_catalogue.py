"""The demo's catalogue with a feature of every kind, all of them on the growth plan."""

import re

from tests.support.api import CATALOGUE

_FEATURES = """
  - {code: outbound.region, module: outbound, kind: configuration, type: choice,
     choices: [near, far], name: {en: Delivery region, zh: 配送区域}}
  - {code: outbound.retention, module: outbound, kind: configuration, type: integer,
     name: {en: Days kept, zh: 保留天数}}
  - {code: outbound.labels, module: outbound, kind: metered, per: month,
     name: {en: Shipping labels, zh: 面单}}
  - {code: outbound.calls, module: outbound, kind: metered, rolling: 3600, mode: soft,
     name: {en: API calls, zh: 接口调用}}
  - {code: outbound.exports, module: outbound, kind: metered, per: ever,
     name: {en: Exports, zh: 导出次数}}
  - {code: outbound.rate, module: outbound, kind: rate, name: {en: Call rate, zh: 调用速率}}
  - {code: outbound.jobs, module: outbound, kind: concurrency,
     name: {en: Jobs side by side, zh: 并行任务}}
  - {code: outbound.people, module: outbound, kind: seats, name: {en: Seats, zh: 席位}}
"""
_GROWTH = (
    "outbound.region: near, outbound.retention: 365, outbound.labels: 12000, "
    "outbound.calls: 100000, outbound.exports: 25, "
    'outbound.rate: {per_second: "2.5", burst: 9}, outbound.jobs: 4, outbound.people: 12'
)
_LESS = "outbound.labels: 900, outbound.calls: 5000, outbound.exports: 3"


def with_every_kind() -> str:
    """Return the catalogue's source."""
    source = CATALOGUE.read_text(encoding="utf-8")
    source = source.replace("\nmeters:\n", f"{_FEATURES}\nmeters:\n", 1)
    limits = r"(entitlements: \{[^}]*outbound\.orders_per_day: \d+)"
    head, growth, tail = source.partition("  - code: growth\n")
    before = re.sub(limits, rf"\1, {_LESS}", head)
    held, more, after = tail.partition("\n  - code: ")
    return (
        before
        + growth
        + re.sub(limits, rf"\1, {_GROWTH}", held)
        + more
        + re.sub(limits, rf"\1, {_LESS}", after)
    )
