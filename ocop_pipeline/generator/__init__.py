"""Writes the workbooks of an invented country whose right totals and planted faults are known beforehand.

Belongs here: what `ocop generate`, the demonstration and the tests need to judge the pipeline by. It uses the
catalogue and the ideas of the domain only, and knows nothing of how workbooks are read or figures rolled up.
"""

from ocop_pipeline.generator.country import generate, sound_reports
from ocop_pipeline.generator.options import NATION_CODE, Options, OptionsError
from ocop_pipeline.generator.truth import FileTruth, PlantedFault, ProductTruth, RecognitionTruth, Truth
from ocop_pipeline.templates.sheets import Answers, Appearance, SheetDraft, draft_sheets
from ocop_pipeline.templates.workbook import csv_bytes, xlsx_bytes

__all__ = [
    "NATION_CODE",
    "Answers",
    "Appearance",
    "FileTruth",
    "Options",
    "OptionsError",
    "PlantedFault",
    "ProductTruth",
    "RecognitionTruth",
    "SheetDraft",
    "Truth",
    "csv_bytes",
    "draft_sheets",
    "generate",
    "sound_reports",
    "xlsx_bytes",
]
