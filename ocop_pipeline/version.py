"""What made a figure: the installed version of this package."""

import importlib.metadata

CODE_VERSION = importlib.metadata.version("ocop-pipeline")
