"""What an agent is told by its environment."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """An agent's settings; a variable that is missing or no number ends the program at its start."""

    name: str
    data: Path
    context_tokens: int
    # Whether tools and conversations tell each other at once ("sync") or through their queues ("async").
    synchronous_callbacks: bool
    # The agent runtime that this agent hands its messages on to; None for one that answers by itself.
    runtime_url: str | None

    @classmethod
    def from_environment(cls) -> "Settings":
        orchestrates = os.environ["AGENT_ROLE"] == "orchestrator"
        return cls(
            name=os.environ["AGENT_NAME"],
            data=data_folder(),
            context_tokens=int(os.environ["CONTEXT_TOKENS"]),
            synchronous_callbacks=os.environ.get("TOOL_CALLBACKS", "async") == "sync",
            runtime_url=os.environ["AGENT_RUNTIME_URL"] if orchestrates else None,
        )


def data_folder() -> Path:
    """The folder of the agent's volume."""
    return Path(os.environ.get("DATA_DIR", "/data"))
