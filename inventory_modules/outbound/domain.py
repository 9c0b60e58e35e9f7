"""A shipment: goods leave stock for a customer."""

from inventory_modules.chassis.locations import STOCK
from inventory_modules.documents.domain import DocumentKind, DocumentState, Label

SHIPMENT = DocumentKind(
    module="outbound",
    id_prefix="shp",
    path="/v1/shipments",
    source=STOCK,
    target="customer",
    daily_limit="outbound.orders_per_day",
    event_type="tallyard.outbound.shipment_posted",
    labels={
        DocumentState.PENDING: Label("Awaiting issue", "待出库"),
        DocumentState.POSTED: Label("Issued", "已出库"),
        DocumentState.REFUSED: Label("Refused", "已拒绝"),
        DocumentState.VOIDING: Label("Being voided", "作废中"),
        DocumentState.VOIDED: Label("Void", "作废"),
    },
)
