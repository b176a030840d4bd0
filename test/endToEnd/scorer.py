"""A scorer of the reward `activity` that takes its time and logs what it does: python scorer.py ADDRESS QUEUE LOG [BATCHES].

After so many batches it begins one more and never ends it: whoever kills it then, kills it in the middle of a batch. Each line of the log is `begun` or `scored`, the activity's id and the sha256 of the request, flushed before anything else happens.
"""

import asyncio
import hashlib
import json
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

address, queue, log_path, *most = sys.argv[1:]
left = int(most[0]) if most else sys.maxsize


def log(event: str, request: dict) -> None:
    content = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
    with open(log_path, "a", encoding="utf-8") as file:
        file.write(f"{event} {activity.info().activity_id} {content}\n")
        file.flush()
        os.fsync(file.fileno())


def score_of(text: str) -> dict:
    """A number that differs from text to text, and is the same every time."""
    digest = hashlib.sha256(text.encode()).digest()
    return {"reward": digest[0] / 255, "correct": digest[1] < 128, "value": digest[2] % 4, "parts": {"byte": digest[3]}}


@activity.defn(name="score")
def score(request: dict) -> dict:
    global left
    log("begun", request)
    if left == 0:
        threading.Event().wait()
    left -= 1
    time.sleep(0.2)
    scores = [score_of(response["text"]) for response in request["responses"]]
    log("scored", request)
    return {"scores": scores}


async def main() -> None:
    client = await Client.connect(address)
    # One at a time: a batch begins when what came of the one before has been told.
    with ThreadPoolExecutor(1) as threads:
        worker = Worker(
            client,
            task_queue=queue,
            activities=[score],
            activity_executor=threads,
            max_concurrent_activities=1,
        )
        await worker.run()


asyncio.run(main())
