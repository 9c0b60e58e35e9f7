"""What each page shows, as frozen values: handlers build them, templates read them.

Names from the catalogue arrive here already in the reader's language; amounts, instants and
quantities stay values, so that formatting happens once, in the templates' filters.
"""
