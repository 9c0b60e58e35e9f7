"""The inbound service."""

from inventory_modules.documents.module import document_module
from inventory_modules.inbound.domain import RECEIPT

MODULE = document_module(RECEIPT)
