"""Groups of organisations, cost centres and purchase orders."""
