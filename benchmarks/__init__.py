"""Measurements of the pipeline, as ratios within one run; `make bench` runs them and keeps a dated table."""
