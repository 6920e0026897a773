"""The register of products and producers: which of the lines that registers list are one and the same.

Belongs here: keys of names, proposals of what may be one, what people have decided. Does not: reading workbooks
(intake), counting (SQL models), certificates (domain).
"""
