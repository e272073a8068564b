"""The tools that a message may ask for. They share one working memory, so one of them runs at a time."""

import threading
from typing import Callable

from .conversation import Message


class ToolBox:
    """`recall WORD ...`: in which conversations all these words were used."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._index: dict[str, set[str]] = {}

    def learn(self, conversation: str, message: Message) -> None:
        """Takes a message into the working memory."""
        with self._lock:
            for word in message.text.casefold().split():
                self._index.setdefault(word, set()).add(conversation)

    def recall(self, words: str, then: Callable[[str], None]) -> str:
        """Looks the words up and hands what was found to `then`, before any other tool can run."""
        with self._lock:
            found = [self._index.get(word, set()) for word in words.casefold().split()]
            conversations = sorted(set.intersection(*found)) if found else []
            result = f"{len(conversations)} conversations: {', '.join(conversations[:10])}"
            then(result)
            return result
