"""An agent: conversations in memory and on the volume, and two threads that work on them."""

import logging
import threading
from typing import Any

import requests

from .conversation import Conversation, Message, digest_of, tokens_of
from .settings import Settings
from .store import Store
from .tool_box import ToolBox
from .worker import Worker

logger = logging.getLogger(__name__)

RUNTIME_SECONDS = 5


class Agent:
    """`writer` and `runner` are its threads: whoever is served hands them work and waits."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.tools = ToolBox()
        self._lock = threading.Lock()
        self._conversations: dict[str, Conversation] = {}

    def start(self) -> None:
        """Asks for what the agent depends on, reads the volume and starts the threads; what is not to be had ends the program."""
        self.check_runtime()
        self.store = Store(self.settings.data)
        with self._lock:
            self._load()
        self.writer = Worker("conversation-writer")
        self.runner = Worker("tool-runner")

    def check_runtime(self) -> None:
        """Raises requests.RequestException where the agent hands on its messages and nobody is there to take them."""
        if self.settings.runtime_url is not None:
            requests.get(f"{self.settings.runtime_url}/ready", timeout=RUNTIME_SECONDS).raise_for_status()

    @property
    def conversation_count(self) -> int:
        return len(self._conversations)

    def write(self, conversation: str, message: Message) -> int:
        """Keeps a message, and returns how many the conversation has. In the thread of `writer`."""
        with self._lock:
            self._refresh()
            count = self._append(conversation, message)
            if self.settings.synchronous_callbacks:
                self.tools.learn(conversation, message)
        if not self.settings.synchronous_callbacks:
            self.runner.submit(lambda: self.tools.learn(conversation, message))
        return count

    def recall(self, conversation: str, words: str) -> str:
        """Runs the tool and keeps what it found in the conversation. In the thread of `runner`."""

        def keep(result: str) -> None:
            message = Message("tool", result)
            if self.settings.synchronous_callbacks:
                with self._lock:
                    self._append(conversation, message)
            else:
                self.writer.submit(lambda: self.write(conversation, message))

        return self.tools.recall(words, then=keep)

    def state(self) -> dict[str, Any]:
        """What the agent holds, as the tools of kosmos.tools count it too. In the thread of `writer`."""
        with self._lock:
            self._refresh()
            digest = digest_of(self._conversations.values())
        return {"conversations": digest.conversations, "messages": digest.messages, "sha256": digest.hexdigest()}

    def stop(self) -> None:
        """Closes the file, unless a thread is stuck in the middle of its work."""
        if self._lock.acquire(timeout=1):
            self.store.close()

    def _append(self, id: str, message: Message) -> int:
        conversation = self._conversations.setdefault(id, Conversation(id))
        conversation.messages.append(message)
        conversation.context = (conversation.context + tokens_of(message.text))[-self.settings.context_tokens :]
        try:
            self.store.append(conversation, message)
        except BaseException:
            # Memory never holds what the volume does not.
            self._load()
            raise
        return len(conversation.messages)

    def _refresh(self) -> None:
        if self.store.changed_elsewhere():
            logger.info("📥 The conversations on the volume were changed, reading them again")
            self._load()

    def _load(self) -> None:
        """Reads all conversations, so that the first message of a returning person is answered at once."""
        self._conversations = {}
        for conversation in self.store.read():
            self._conversations[conversation.id] = conversation
            if len(self._conversations) % 2000 == 0:
                logger.info("📚 loading conversations: %d", len(self._conversations))
        logger.info("📚 %d conversations loaded", len(self._conversations))
