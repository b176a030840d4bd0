"""Scorers of the reward `activity` that fail in every way one can: python scorers.py ADDRESS QUEUE."""

import asyncio
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

address, queue = sys.argv[1:]
attempts = {}


@activity.defn(name="length")
def length(request: dict) -> dict:
    return {"scores": [len(response["text"]) for response in request["responses"]]}


@activity.defn(name="nan")
def nan(request: dict) -> dict:
    return {"scores": [1.0, float("nan"), 1.0][: len(request["responses"])]}


@activity.defn(name="few")
def few(request: dict) -> dict:
    return {"scores": [1.0]}


@activity.defn(name="bytes")
def as_bytes(request: dict) -> bytes:
    return b"scores"


@activity.defn(name="raising")
def raising(request: dict) -> dict:
    """Raises the first time."""
    key = activity.info().activity_id
    attempts[key] = attempts.get(key, 0) + 1
    if attempts[key] == 1:
        raise RuntimeError("the judge is out of paper")
    return length(request)


@activity.defn(name="refusing")
def refusing(request: dict) -> dict:
    raise ApplicationError("no such language", non_retryable=True)


@activity.defn(name="slow")
def slow(request: dict) -> dict:
    time.sleep(2)
    return length(request)


async def main() -> None:
    client = await Client.connect(address)
    activities = [length, nan, few, as_bytes, raising, refusing, slow]
    with ThreadPoolExecutor(4) as threads:
        await Worker(client, task_queue=queue, activities=activities, activity_executor=threads).run()


asyncio.run(main())
