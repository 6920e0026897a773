"""Lets the tests of this folder import the modules they share; the import mode puts no test folder on the path."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
