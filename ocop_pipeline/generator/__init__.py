"""A country that never was: real workbooks with known totals and planted faults, for the demo and the tests."""
