"""Why no tax is charged, as invoices must say it (Article 226 (11), Directive 2006/112/EC)."""
# ruff: noqa: RUF001 - Chinese sentences have Chinese punctuation

from control_plane.catalog.domain import Text

REVERSE_CHARGE = Text(
    "Reverse charge: the customer accounts for the tax (Article 196, Directive 2006/112/EC).",
    "反向征税：由客户申报缴纳税款（欧盟 2006/112/EC 号指令第 196 条）。",
)
INTRA_COMMUNITY = Text(
    "Intra-community supply, exempt (Article 138, Directive 2006/112/EC).",
    "欧盟内部供应，免税（欧盟 2006/112/EC 号指令第 138 条）。",
)
EXPORT = Text("Export: no tax is charged.", "出口：不征收税款。")
OUT_OF_SCOPE = Text(
    "Outside the scope of tax: supplied where the customer is (Article 44, Directive 2006/112/EC).",
    "不在征税范围内：在客户所在地提供（欧盟 2006/112/EC 号指令第 44 条）。",
)
