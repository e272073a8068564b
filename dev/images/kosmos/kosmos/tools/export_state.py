"""Writes an agent's conversations into a file, while the agent runs or not."""

import argparse
import sqlite3
import sys
from pathlib import Path

from ..settings import data_folder
from ..store import read_only
from .state_file import write_state


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m kosmos.tools.export_state", description=__doc__)
    parser.add_argument("--output", required=True, type=Path, metavar="FILE", help="is written whole or not at all")
    parser.add_argument("--data", default=data_folder(), type=Path, metavar="FOLDER", help="default: %(default)s")
    options = parser.parse_args()
    try:
        digest = write_state(options.output, read_only(options.data))
    except (sqlite3.Error, OSError) as error:
        print(f"nothing was exported from {options.data}: {error}", file=sys.stderr)
        return 1
    print(f"exported {digest.conversations} conversations with {digest.messages} messages, sha256 {digest.hexdigest()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
