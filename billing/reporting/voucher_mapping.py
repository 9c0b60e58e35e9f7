"""Reads the file that maps our accounts to a customer's chart of accounts."""

from collections.abc import Mapping

from billing.domain.ledger import Account
from billing.domain.vouchers.mapping import (
    COLUMNS,
    Column,
    Dimension,
    Encoding,
    Grouping,
    LedgerAccount,
    VoucherMapping,
)
from billing.errors import VoucherMappingInvalid
from control_plane.catalog.source.cursor import Cursor
from control_plane.catalog.source.faults import Problem
from control_plane.catalog.source.parse import parse


def read_voucher_mapping(source: str) -> VoucherMapping:
    """Read a mapping in YAML: every account of ours has to be in it.

    Raises:
        VoucherMappingInvalid: with every problem found, each with its line and column.
    """
    problems: list[Problem] = []
    root = parse(source, problems)
    mapping = None if root is None else _mapping(root)
    if mapping is None or problems:
        raise VoucherMappingInvalid(problems)
    return mapping


def _mapping(root: Cursor) -> VoucherMapping:
    found = root.fields(
        required=("accounts",), optional=("word", "grouping", "encoding", "columns", "dimensions")
    )
    grouping = found["grouping"].choice(Grouping, Grouping.DAY) if "grouping" in found else None
    encoding = found["encoding"].choice(Encoding, Encoding.UTF_8) if "encoding" in found else None
    return VoucherMapping(
        accounts=_accounts(found["accounts"]) if "accounts" in found else {},
        word=found["word"].text() if "word" in found else "记",
        grouping=grouping or Grouping.DAY,
        encoding=encoding or Encoding.UTF_8,
        columns=_columns(found["columns"]) if "columns" in found else COLUMNS,
        dimension_names=_dimensions(found["dimensions"]) if "dimensions" in found else {},
    )


def _accounts(section: Cursor) -> Mapping[Account, LedgerAccount]:
    names = tuple(account.value for account in Account)
    return {Account(key): _account(value) for key, value in section.fields(names).items()}


def _account(entry: Cursor) -> LedgerAccount:
    found = entry.fields(("code", "name"), ("dimensions",))
    wanted = found["dimensions"].items() if "dimensions" in found else []
    return LedgerAccount(
        # A code is often written as a number: what was typed counts, leading zeros included.
        code=found["code"].raw if "code" in found else "",
        name=found["name"].text() if "name" in found else "",
        dimensions=tuple(item.choice(Dimension, Dimension.CUSTOMER) for item in wanted),
    )


def _columns(section: Cursor) -> Mapping[Column, str]:
    names = tuple(column.value for column in Column)
    found = section.fields((), names)
    return {Column(key): value.text() for key, value in found.items()} or COLUMNS


def _dimensions(section: Cursor) -> Mapping[Dimension, str]:
    names = tuple(dimension.value for dimension in Dimension)
    found = section.fields((), names)
    return {Dimension(key): value.text() for key, value in found.items()}
