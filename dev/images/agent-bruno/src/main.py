"""Agent Bruno: a chat assistant with sessions in Redis, history in MongoDB and a model in Ollama."""

import asyncio
import logging
import os
from contextlib import asynccontextmanager
from typing import Callable

import httpx
import redis
import requests
from fastapi import FastAPI, HTTPException, Response
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from pydantic import BaseModel
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from .sessions import SessionStore
from .transcript import Transcript

logging.basicConfig(
    level=os.environ.get("LOG_LEVEL", "INFO"),
    format="%(asctime)s - %(name)s - %(levelname)s - %(message)s",
)
logging.getLogger("httpx").setLevel(logging.WARNING)
logger = logging.getLogger(__name__)

DEPENDENCY_CHECK_SECONDS = 5
REDIS_FAILURES_BEFORE_EXIT = 3

dependency_up = Gauge("dependency_up", "1 if the dependency answered its last check", ["name"])
active_sessions = Gauge("bruno_active_sessions", "Sessions held in memory")


class ChatRequest(BaseModel):
    session: str
    message: str


class Agent:
    """The program's settings and its three dependencies."""

    def __init__(self) -> None:
        self.port = int(os.environ["PORT"])
        self.ollama_url = os.environ["OLLAMA_URL"]
        self.sessions = SessionStore(os.environ["REDIS_URL"], ttl=int(os.environ["SESSION_TTL"]))
        self.mongo = MongoClient(os.environ["MONGODB_URL"], serverSelectionTimeoutMS=5000)
        # Set where the health page is to tell of a model too: it then asks that model for a word.
        self.health_model = os.environ.get("HEALTH_CHECK_MODEL")
        self.history = self.mongo[os.environ["MONGODB_DB"]]["conversations"]
        self.up: dict[str, bool] = {}

    def start(self) -> None:
        """Opens the transcript, connects to everything and loads the sessions; what is not to be had ends the program."""
        self.transcript = Transcript(os.environ.get("TRANSCRIPT_DIR", "/var/log/agent-bruno"))
        self.sessions.connect()
        self.mongo.admin.command("ping")
        logger.info("✅ Connected to MongoDB")
        self.check_ollama()
        logger.info("✅ Connected to Ollama")
        for name in ("redis", "mongodb", "ollama"):
            self.record(name, up=True)
        self.sessions.load()
        active_sessions.set(len(self.sessions.sessions))

    def check_ollama(self) -> None:
        requests.get(f"{self.ollama_url}/api/version", timeout=5).raise_for_status()

    async def ask_model(self, model: str) -> str:
        """Whether a model answers; it is not kept in memory for that."""
        async with httpx.AsyncClient(timeout=30) as client:
            try:
                body = {"model": model, "prompt": "Hello", "keep_alive": 0, "stream": False}
                answer = await client.post(f"{self.ollama_url}/api/generate", json=body)
                answer.raise_for_status()
            except httpx.HTTPError:
                return "away"
        return "answers"

    def record(self, name: str, up: bool) -> None:
        self.up[name] = up
        dependency_up.labels(name=name).set(1 if up else 0)

    async def chat(self, request: ChatRequest) -> str:
        session = self.sessions.sessions.get(request.session, {"context": []})
        async with httpx.AsyncClient(timeout=60) as client:
            answer = await client.post(
                f"{self.ollama_url}/api/generate",
                json={"model": "llama3.2:3b", "prompt": request.message, "context": session["context"], "stream": False},
            )
        answer.raise_for_status()
        body = answer.json()
        session["context"] = body["context"]
        await asyncio.to_thread(self.sessions.save, request.session, session)
        entry = {"session": request.session, "message": request.message, "response": body["response"]}
        await asyncio.to_thread(self.history.insert_one, entry)
        self.transcript.add(request.session, request.message, body["response"])
        return body["response"]


async def watch_dependencies(agent: Agent) -> None:
    """Keeps dependency_up true to life, and ends the program when the sessions cannot be saved any more."""
    failures = 0
    while True:
        await asyncio.sleep(DEPENDENCY_CHECK_SECONDS)
        await observe(agent, "mongodb", lambda: agent.mongo.admin.command("ping"), PyMongoError)
        await observe(agent, "ollama", agent.check_ollama, requests.RequestException)
        error = await observe(agent, "redis", agent.sessions.ping, redis.RedisError)
        failures = failures + 1 if error else 0
        if error:
            logger.warning("⚠️  Redis unavailable: %s - service will continue with degraded functionality", error)
        if failures >= REDIS_FAILURES_BEFORE_EXIT:
            logger.critical("❌ Session store lost, sessions can no longer be saved", exc_info=error)
            os._exit(1)


async def observe(
    agent: Agent, name: str, check: Callable[[], object], expected: type[Exception]
) -> Exception | None:
    try:
        await asyncio.to_thread(check)
    except expected as error:
        agent.record(name, up=False)
        return error
    agent.record(name, up=True)
    return None


@asynccontextmanager
async def lifespan(app: FastAPI):
    logger.info("🚀 Starting Agent Bruno...")
    agent = Agent()
    agent.start()
    app.state.agent = agent
    watch = asyncio.create_task(watch_dependencies(agent))
    logger.info("✅ Agent Bruno started successfully on port %d", agent.port)
    yield
    logger.info("👋 Shutting down Agent Bruno...")
    watch.cancel()
    agent.mongo.close()
    agent.transcript.close()


app = FastAPI(title="Agent Bruno", lifespan=lifespan)


@app.get("/health")
async def health() -> dict[str, str]:
    body = {"status": "healthy", "service": "agent-bruno"}
    agent = app.state.agent
    return body if agent.health_model is None else {**body, "model": await agent.ask_model(agent.health_model)}


@app.get("/ready")
async def ready() -> dict[str, str]:
    """Ready when a conversation can be kept: Ollama being away only makes the answers late."""
    missing = [name for name in ("redis", "mongodb") if not app.state.agent.up[name]]
    if missing:
        raise HTTPException(status_code=503, detail=f"not reachable: {', '.join(missing)}")
    return {"status": "ready", "service": "agent-bruno"}


@app.get("/metrics")
async def metrics() -> Response:
    active_sessions.set(len(app.state.agent.sessions.sessions))
    return Response(content=generate_latest(), media_type=CONTENT_TYPE_LATEST)


@app.post("/chat")
async def chat(request: ChatRequest) -> dict[str, str]:
    return {"response": await app.state.agent.chat(request)}
