"""E-invoices of EN 16931: one semantic model, written as UBL 2.1, as UN/CEFACT CII, or hybrid.

Terms such as BT-31 (a business term) and BG-27 (a group of them) are those of EN 16931-1.
"""
