"""A conversation as data, and the digest of many."""

import hashlib
import json
import zlib
from dataclasses import dataclass, field
from typing import Any, Iterable

ROLES = ("user", "agent", "tool")
VOCABULARY = 128_000


@dataclass(frozen=True)
class Message:
    role: str
    text: str


@dataclass
class Conversation:
    """`context` is what the model has read: its tokens, kept so that the next message is answered without reading all again."""

    id: str
    context: list[int] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        messages = [{"role": message.role, "text": message.text} for message in self.messages]
        return {"id": self.id, "context": self.context, "messages": messages}

    @classmethod
    def from_json(cls, value: Any) -> "Conversation":
        """Raises ValueError with what is wrong."""
        match value:
            case {"id": str(id), "context": list(context), "messages": list(messages)} if len(value) == 3:
                if not all(type(token) is int for token in context):
                    raise ValueError(f"conversation {id!r} has a context that is not all numbers")
                return cls(id, context, [_message(id, message) for message in messages])
        raise ValueError("a conversation has other fields than id, context and messages")


def _message(conversation: str, value: Any) -> Message:
    match value:
        case {"role": str(role), "text": str(text)} if role in ROLES and len(value) == 2:
            return Message(role, text)
    raise ValueError(f"conversation {conversation!r} has a message without a known role and a text")


def tokens_of(text: str) -> list[int]:
    """The model's tokens of a text: one a word."""
    return [zlib.crc32(word.encode()) % VOCABULARY for word in text.split()]


class Digest:
    """SHA-256 over conversations in the order of their ids, each in one canonical line of JSON."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.conversations = 0
        self.messages = 0

    def add(self, conversation: Conversation) -> None:
        line = json.dumps(conversation.as_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        self._hash.update(line.encode() + b"\n")
        self.conversations += 1
        self.messages += len(conversation.messages)

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def digest_of(conversations: Iterable[Conversation]) -> Digest:
    digest = Digest()
    for conversation in sorted(conversations, key=lambda conversation: conversation.id):
        digest.add(conversation)
    return digest
