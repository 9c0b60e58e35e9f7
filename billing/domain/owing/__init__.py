"""What a subscription owes: its states, the shares of periods they have, and the items of money."""
