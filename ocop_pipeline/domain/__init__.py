"""The ideas of the field, in the standard library alone: periods, units in time, indicators, findings."""
