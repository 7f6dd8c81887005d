"""The one function that every peer serves: it turns a text round."""

from __future__ import annotations

__all__ = ["turn"]


def turn(text: str) -> dict[str, object]:
    """Return the text backwards, and its length in characters."""
    return {"text": text[::-1], "length": len(text)}
