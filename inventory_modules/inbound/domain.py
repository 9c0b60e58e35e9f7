"""A receipt: goods come into stock from a supplier."""

from inventory_modules.chassis.locations import STOCK
from inventory_modules.documents.domain import DocumentKind, DocumentState, Label

RECEIPT = DocumentKind(
    module="inbound",
    id_prefix="rcp",
    path="/v1/receipts",
    source="supplier",
    target=STOCK,
    daily_limit="inbound.receipts_per_day",
    event_type="tallyard.inbound.receipt_posted",
    labels={
        DocumentState.PENDING: Label("Awaiting receipt", "待入库"),
        DocumentState.POSTED: Label("Received", "已完成"),
        DocumentState.REFUSED: Label("Refused", "已拒绝"),
        DocumentState.VOIDING: Label("Being voided", "作废中"),
        DocumentState.VOIDED: Label("Void", "作废"),
    },
)
