"""Scores the answers of the preset `units`: a right number, and a chain of thought with a unit. A worker of the task queue `units`."""
import asyncio
import os
import re
from concurrent.futures import ThreadPoolExecutor

from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

MARKER = "Therefore, the answer is: "


def score(example: dict, response: dict) -> dict:
    chain, marker, stated = response["text"].rpartition(MARKER)
    unit = 1.0 if re.search(r"\d (m|g|min|cm|s)\b", chain) else 0.0
    try:
        value = float(stated) if marker else None
    except ValueError:
        value = None
    if value is None:
        return {"reward": 0.1 * unit, "correct": False, "failure": "no-number", "parts": {"unit": unit}}
    right = value == example["answerValue"]
    return {"reward": (0.9 if right else 0.0) + 0.1 * unit, "correct": right, "value": value, "parts": {"unit": unit}}


@activity.defn(name="units")
def units(request: dict) -> dict:
    return {"scores": [score(*pair) for pair in zip(request["examples"], request["responses"])]}


async def main() -> None:
    client = await Client.connect(os.environ.get("TEMPORAL_ADDRESS", "localhost:7233"))
    with ThreadPoolExecutor(4) as threads:
        await Worker(client, task_queue="units", activities=[units], activity_executor=threads).run()


if __name__ == "__main__":
    asyncio.run(main())
