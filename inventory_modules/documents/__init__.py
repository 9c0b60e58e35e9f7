"""Posted documents: what receipts and shipments have in common, from request to ledger."""
