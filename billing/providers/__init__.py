"""The payment providers that ship: card payments through Stripe, and transfers booked by hand."""
