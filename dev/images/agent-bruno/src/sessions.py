"""Chat sessions: the working copy in memory, the lasting one in Redis."""

import json
import logging
from typing import Any

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

KEY_PREFIX = "bruno:session:"
BATCH = 200


class SessionStore:
    """Holds every session in memory, as the model needs its whole context at each message."""

    def __init__(self, url: str, ttl: int) -> None:
        self.ttl = ttl
        self.sessions: dict[str, dict[str, Any]] = {}
        self.client = redis.Redis.from_url(
            url,
            socket_timeout=2,
            socket_connect_timeout=2,
            retry=Retry(ExponentialBackoff(cap=1, base=0.1), 2),
        )

    def connect(self) -> None:
        """Raises redis.exceptions.ConnectionError or TimeoutError when Redis does not answer."""
        self.client.ping()
        logger.info("✅ Connected to Redis")

    def ping(self) -> None:
        self.client.ping()

    def load(self) -> None:
        """Reads all sessions, so that the first message of a returning visitor is answered at once."""
        batch: list[bytes] = []
        for key in self.client.scan_iter(match=f"{KEY_PREFIX}*", count=BATCH):
            batch.append(key)
            if len(batch) == BATCH:
                self._read(batch)
                batch = []
        self._read(batch)
        logger.info("📚 %d sessions loaded", len(self.sessions))

    def _read(self, keys: list[bytes]) -> None:
        if not keys:
            return
        for key, value in zip(keys, self.client.mget(keys)):
            if value is not None:
                self.sessions[key.decode().removeprefix(KEY_PREFIX)] = json.loads(value)
        if len(self.sessions) % (10 * BATCH) == 0:
            logger.info("📚 loading sessions: %d", len(self.sessions))

    def save(self, session_id: str, session: dict[str, Any]) -> None:
        self.sessions[session_id] = session
        value = json.dumps(session, separators=(",", ":"))
        self.client.set(f"{KEY_PREFIX}{session_id}", value, ex=self.ttl)
