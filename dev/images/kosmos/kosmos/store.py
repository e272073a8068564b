"""The conversations on the volume: one SQLite file, read and written by the agent and by the tools beside it."""

import json
import os
import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import Iterable, Iterator

from .conversation import Conversation, Message

FILE = "conversations.db"
VERSION = 1
# How long one program waits for another one's write.
BUSY_SECONDS = 10

SCHEMA = f"""
CREATE TABLE IF NOT EXISTS conversations (id TEXT PRIMARY KEY, context TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS messages (
  conversation TEXT NOT NULL REFERENCES conversations(id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  role TEXT NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (conversation, position)
) WITHOUT ROWID;
PRAGMA user_version = {VERSION};
"""


class Store:
    """Not safe for use by several threads at once."""

    def __init__(self, folder: Path) -> None:
        """Opens the file or makes it. Raises sqlite3.DatabaseError where it is damaged or of another version."""
        self.path = folder / FILE
        self._open()

    def _open(self) -> None:
        self._connection = _connect(f"file:{self.path}")
        if self._version() == 0:
            self._connection.executescript(SCHEMA)
        elif self._version() != VERSION:
            raise sqlite3.DatabaseError(f"{self.path} has version {self._version()}, and not {VERSION}")
        self._file = _identity(self.path)
        self._seen = self._data_version()

    def _version(self) -> int:
        return self._connection.execute("PRAGMA user_version").fetchone()[0]

    def _data_version(self) -> int:
        return self._connection.execute("PRAGMA data_version").fetchone()[0]

    def changed_elsewhere(self) -> bool:
        """Whether another program has written since the last time this was asked, or put another file in the file's place."""
        if _identity(self.path) != self._file:
            self._connection.close()
            self._open()
            return True
        before, self._seen = self._seen, self._data_version()
        return before != self._seen

    def read(self) -> Iterator[Conversation]:
        """All conversations in the order of their ids, one after the other, as they were when the first was read."""
        return _read(self._connection)

    def append(self, conversation: Conversation, message: Message) -> None:
        """Keeps the last message of a conversation, and the context that came of it."""
        with _writing(self._connection) as cursor:
            cursor.execute(
                "INSERT INTO conversations VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET context = excluded.context",
                (conversation.id, json.dumps(conversation.context, separators=(",", ":"))),
            )
            position = len(conversation.messages) - 1
            values = (conversation.id, position, message.role, message.text)
            cursor.execute("INSERT INTO messages VALUES (?, ?, ?, ?)", values)

    def replace(self, conversations: Iterable[Conversation]) -> None:
        """Puts these in the place of all that is there, or changes nothing."""
        with _writing(self._connection) as cursor:
            cursor.execute("DELETE FROM conversations")
            for conversation in conversations:
                context = json.dumps(conversation.context, separators=(",", ":"))
                cursor.execute("INSERT INTO conversations VALUES (?, ?)", (conversation.id, context))
                cursor.executemany(
                    "INSERT INTO messages VALUES (?, ?, ?, ?)",
                    [
                        (conversation.id, position, message.role, message.text)
                        for position, message in enumerate(conversation.messages)
                    ],
                )

    def close(self) -> None:
        self._connection.close()


def read_only(folder: Path) -> Iterator[Conversation]:
    """The conversations of a folder that is not to be written to. Raises sqlite3.OperationalError where there are none."""
    connection = _connect(f"file:{folder / FILE}?mode=ro")
    try:
        yield from _read(connection)
    finally:
        connection.close()


def _connect(uri: str) -> sqlite3.Connection:
    # Transactions are begun by hand; whoever calls sees to it that one thread at a time does.
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


@contextmanager
def _writing(connection: sqlite3.Connection) -> Iterator[sqlite3.Cursor]:
    cursor = connection.cursor()
    cursor.execute("BEGIN IMMEDIATE")
    try:
        yield cursor
    except BaseException:
        cursor.execute("ROLLBACK")
        raise
    cursor.execute("COMMIT")


def _read(connection: sqlite3.Connection) -> Iterator[Conversation]:
    connection.execute("BEGIN")
    try:
        for id, context in connection.execute("SELECT id, context FROM conversations ORDER BY id"):
            rows = connection.execute("SELECT role, text FROM messages WHERE conversation = ? ORDER BY position", (id,))
            yield Conversation(id, json.loads(context), [Message(role, text) for role, text in rows])
    finally:
        connection.execute("COMMIT")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return (status.st_dev, status.st_ino)
