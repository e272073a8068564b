"""The file that conversations are carried in: JSON with a version, and the digest of what it holds."""

import json
import os
import tempfile
from datetime import datetime, timezone
from pathlib import Path
from typing import Iterable

from ..conversation import Conversation, Digest, digest_of

FORMAT = "kosmos-conversation-state"
VERSION = 1


class BadStateFile(Exception):
    """The file is not one that `write_state` wrote, or not the whole of it."""


def write_state(file: Path, conversations: Iterable[Conversation]) -> Digest:
    """
    Writes all conversations, which come in the order of their ids, one at a time so that no memory is needed for all of
    them. The file is there whole or not at all.
    """
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        digest = Digest()
        with os.fdopen(descriptor, "w", encoding="utf-8") as output:
            header = {"format": FORMAT, "version": VERSION, "exportedAt": datetime.now(timezone.utc).isoformat()}
            output.write(f"{json.dumps(header)[:-1]}, \"conversations\": [")
            for conversation in conversations:
                output.write(",\n" if digest.conversations else "\n")
                json.dump(conversation.as_json(), output, ensure_ascii=False)
                digest.add(conversation)
            output.write(f"\n], \"sha256\": \"{digest.hexdigest()}\"}}\n")
            output.flush()
            os.fsync(output.fileno())
        os.replace(name, file)
        return digest
    except BaseException:
        os.unlink(name)
        raise


def read_state(file: Path) -> tuple[list[Conversation], Digest]:
    """Raises BadStateFile unless the file is whole, of this version, and holds what its digest says."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadStateFile(f"{file} is no whole JSON file: {error}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise BadStateFile(f"{file} is no file of conversations")
    if content.get("version") != VERSION:
        raise BadStateFile(f"{file} has version {content.get('version')}, and this program reads version {VERSION}")
    try:
        conversations = [Conversation.from_json(value) for value in content.get("conversations", ())]
    except (TypeError, ValueError) as error:
        raise BadStateFile(f"{file}: {error}") from error
    if len({conversation.id for conversation in conversations}) < len(conversations):
        raise BadStateFile(f"{file} has a conversation twice")
    digest = digest_of(conversations)
    if digest.hexdigest() != content.get("sha256"):
        raise BadStateFile(f"{file} does not hold what its sha256 says")
    return conversations, digest
