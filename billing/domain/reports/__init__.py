"""Reports as values, whoever reads them: a page, a file or a program."""
