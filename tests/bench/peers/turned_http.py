"""The function as a web service, the way FastAPI's own documentation does it; served by uvicorn."""

from __future__ import annotations

from fastapi import FastAPI
from pydantic import BaseModel
from turned import turn

__all__ = ["app"]

app = FastAPI()


class Text(BaseModel):
    """The body of a request."""

    text: str


@app.post("/turn")
def serve(body: Text) -> dict[str, object]:
    """Answer one request; FastAPI runs it in a thread."""
    return turn(body.text)
