"""Messages to people: e-mail, from templates in English and Simplified Chinese."""
