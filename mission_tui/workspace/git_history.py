"""Reading what the mission's branch holds: differences, commits and fingerprints."""

import hashlib
import os
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")  # without it the import fails where git is not installed
from git import Commit, Repo
