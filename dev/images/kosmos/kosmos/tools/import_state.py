"""
Puts the conversations of a file in the place of the agent's own, all or none of them; an agent that runs reads them at
its next message.
"""

import argparse
import sqlite3
import sys
from pathlib import Path

from ..settings import data_folder
from ..store import Store
from .state_file import BadStateFile, read_state


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m kosmos.tools.import_state", description=__doc__)
    parser.add_argument("--input", required=True, type=Path, metavar="FILE", help="what export_state wrote")
    parser.add_argument("--data", default=data_folder(), type=Path, metavar="FOLDER", help="default: %(default)s")
    options = parser.parse_args()
    try:
        conversations, digest = read_state(options.input)
        store = Store(options.data)
        store.replace(conversations)
        store.close()
    except (BadStateFile, sqlite3.Error, OSError) as error:
        print(f"nothing was imported: {error}", file=sys.stderr)
        return 1
    print(f"imported {digest.conversations} conversations with {digest.messages} messages, sha256 {digest.hexdigest()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
