"""The outbound service."""

from inventory_modules.documents.module import document_module
from inventory_modules.outbound.domain import SHIPMENT

MODULE = document_module(SHIPMENT)
