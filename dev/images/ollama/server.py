"""Answers for Ollama on the development cluster: its version, and a generate that echoes once its model is loaded."""

import json
import re
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


# A model of 70 billion parameters is in memory after 7 s.
LOAD_SECONDS_PER_BILLION = 0.1


class Ollama(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    loaded: str | None = None

    def do_GET(self) -> None:
        if self.path == "/api/version":
            self.answer(200, {"version": "0.6.3"})
        else:
            self.answer(404, {"error": "not found"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
        if self.path != "/api/generate":
            self.answer(404, {"error": "not found"})
            return
        self.load(body.get("model", ""), kept=body.get("keep_alive") != 0)
        prompt = body.get("prompt", "")
        tokens = [128000 + ord(letter) for letter in prompt]
        self.answer(200, {"response": f"You said: {prompt}", "context": body.get("context", []) + tokens, "done": True})

    def load(self, model: str, kept: bool) -> None:
        """As Ollama does: one model at a time, kept in memory unless the caller says that it need not be."""
        if Ollama.loaded != model:
            billions = re.search(r":(\d+(?:\.\d+)?)b", model)
            time.sleep(float(billions[1]) * LOAD_SECONDS_PER_BILLION if billions else 0)
        Ollama.loaded = model if kept else None

    def answer(self, status: int, body: dict) -> None:
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)


if __name__ == "__main__":
    ThreadingHTTPServer(("0.0.0.0", 11434), Ollama).serve_forever()
