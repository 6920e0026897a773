"""One submission on its way in: fetch, archive, read, recognise, clean, judge.

This package file stays empty of imports on purpose: the reading children (`sandbox`) import it, and every
module named here would be paid for by each of them.
"""
