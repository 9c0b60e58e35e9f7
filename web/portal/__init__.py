"""The portal: pages for customers, finance and operators, as data in and HTML out."""
