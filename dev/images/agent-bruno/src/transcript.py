"""The transcript of all answers, for those who judge the model's quality."""

import json
import logging
import os

logger = logging.getLogger(__name__)

FILE = "transcript.jsonl"


class Transcript:
    """One line of JSON an answer, in a file that only grows."""

    def __init__(self, folder: str) -> None:
        os.makedirs(folder, exist_ok=True)
        self.file = open(os.path.join(folder, FILE), "a", encoding="utf-8")
        logger.info("📝 Transcript in %s", self.file.name)

    def add(self, session: str, message: str, response: str) -> None:
        self.file.write(json.dumps({"session": session, "message": message, "response": response}) + "\n")
        self.file.flush()

    def close(self) -> None:
        self.file.close()
