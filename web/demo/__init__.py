"""A company's year, lived through for real: sign-up to last invoice, on a test clock."""
