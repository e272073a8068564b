"""What an agent serves. The event loop never waits for the agent's threads, so that it answers even when they are stuck."""

import asyncio
import logging
import os
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import TypeVar

import httpx
import requests
from fastapi import FastAPI, HTTPException, Response
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, generate_latest
from pydantic import BaseModel, Field

from .agent import Agent
from .conversation import Message
from .settings import Settings

logging.basicConfig(
    level=os.environ.get("LOG_LEVEL", "INFO"),
    format="%(asctime)s - %(name)s - %(levelname)s - %(message)s",
)
logging.getLogger("httpx").setLevel(logging.WARNING)
logger = logging.getLogger(__name__)

READY_SECONDS = 1
DEPENDENCY_CHECK_SECONDS = 5

conversations = Gauge("kosmos_agent_conversations", "Conversations held in memory")
waiting = Gauge("kosmos_agent_waiting_messages", "Messages that the thread conversation-writer has not begun with")
replies = Counter("kosmos_agent_replies", "Messages that were answered")
dependency_up = Gauge("dependency_up", "1 if the dependency answered its last check", ["name"])

Result = TypeVar("Result")


class MessageRequest(BaseModel):
    conversation: str = Field(min_length=1)
    text: str
    # Words that the tool `recall` is to look up first.
    recall: str | None = None


def agent() -> Agent:
    return app.state.agent


async def result_of(future: "Future[Result]") -> Result:
    return await asyncio.wrap_future(future)


async def watch_runtime() -> None:
    """Keeps dependency_up true to life."""
    while True:
        try:
            await asyncio.to_thread(agent().check_runtime)
            dependency_up.labels(name="kosmos-agent-runtime").set(1)
        except requests.RequestException as error:
            dependency_up.labels(name="kosmos-agent-runtime").set(0)
            logger.warning("⚠️  Agent runtime unavailable: %s - messages are refused", error)
        await asyncio.sleep(DEPENDENCY_CHECK_SECONDS)


@asynccontextmanager
async def lifespan(app: FastAPI):
    settings = Settings.from_environment()
    logger.info("🚀 Starting %s...", settings.name)
    app.state.agent = Agent(settings)
    agent().start()
    watch = asyncio.create_task(watch_runtime()) if settings.runtime_url is not None else None
    logger.info("✅ %s started with %d conversations", settings.name, agent().conversation_count)
    yield
    logger.info("👋 Shutting down %s...", settings.name)
    if watch is not None:
        watch.cancel()
    agent().stop()


app = FastAPI(title="KOSMOS agent", lifespan=lifespan)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "healthy", "service": agent().settings.name}


@app.get("/ready")
async def ready() -> dict[str, str]:
    """Ready when both threads still take what they are handed."""
    for name, worker in (("conversation-writer", agent().writer), ("tool-runner", agent().runner)):
        try:
            await asyncio.wait_for(result_of(worker.submit(lambda: None)), READY_SECONDS)
        except asyncio.TimeoutError:
            detail = f"{name} has not answered within {READY_SECONDS} s, {worker.waiting} wait for it"
            raise HTTPException(status_code=503, detail=detail) from None
    return {"status": "ready", "service": agent().settings.name}


@app.get("/state")
async def state() -> dict[str, str | int]:
    return await result_of(agent().writer.submit(agent().state))


@app.get("/metrics")
async def metrics() -> Response:
    conversations.set(agent().conversation_count)
    waiting.set(agent().writer.waiting)
    return Response(content=generate_latest(), media_type=CONTENT_TYPE_LATEST)


@app.post("/message")
async def message(request: MessageRequest) -> dict[str, str | int]:
    await keep(request.conversation, Message("user", request.text))
    reply = await answer(request)
    count = await keep(request.conversation, Message("agent", reply))
    replies.inc()
    return {"conversation": request.conversation, "messages": count, "reply": reply}


async def keep(conversation: str, message: Message) -> int:
    return await result_of(agent().writer.submit(lambda: agent().write(conversation, message)))


async def answer(request: MessageRequest) -> str:
    """The runtime's reply for an agent that hands messages on, else this one's own."""
    if agent().settings.runtime_url is not None:
        return await ask_runtime(request)
    if request.recall is None:
        return f"I have read {len(request.text.split())} words."
    words = request.recall
    return await result_of(agent().runner.submit(lambda: agent().recall(request.conversation, words)))


async def ask_runtime(request: MessageRequest) -> str:
    body = request.model_copy(update={"conversation": f"{agent().settings.name}/{request.conversation}"})
    async with httpx.AsyncClient(timeout=30) as client:
        try:
            url = f"{agent().settings.runtime_url}/message"
            answer = await client.post(url, json=body.model_dump(exclude_none=True))
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise HTTPException(status_code=503, detail=f"the agent runtime does not answer: {error}") from error
    return answer.json()["reply"]
