"""Logits and token ids of SmolLM2-135M-Instruct as transformers computes them, so that comparing needs the weights and no Python.

    python test/reference/smollm2_fixtures.py FOLDER

with a Python that has the packages of requirements.txt and a folder with the model (float16 weights, computed in float32). Writes
fixtures/smollm2.json: of every position of some texts the logits of each STRIDE-th token, the largest logit and its token, and the
logarithm of the sum of all exponentials, in which every logit has its part.
"""

import hashlib
import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

import common

STRIDE = 4099
TEXTS = [
    "Question:\nTom has 12 apples and eats 5. How many are left?\nAnswer reasoning:\ndef solution():\n",
    "    apples = 12\n    eaten = 5\n    return apples - eaten",
    "The capital of France is",
    "Zwölf Äpfel kosten 3,50 €: 你好! \t  indented\n\n    twice",
    "<|im_start|>user\nHello<|im_end|>\n",
]


def rounded(values):
    return [float(f"{value:.7g}") for value in values.tolist()]


def main(folder):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    texts = []
    for text in TEXTS:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        with torch.no_grad():
            logits = model(torch.tensor([ids])).logits[0]
        largest = logits.max(-1)
        texts.append(
            {
                "text": text,
                "ids": ids,
                "logits": [rounded(row) for row in logits[:, ::STRIDE]],
                "largest": rounded(largest.values),
                "tokens": largest.indices.tolist(),
                "logSums": rounded(logits.logsumexp(-1)),
            }
        )
    weights = hashlib.sha256(Path(folder, "model.safetensors").read_bytes()).hexdigest()
    common.write(
        "smollm2",
        {
            "description": "SmolLM2-135M-Instruct in float32: logits at every position, of each stride-th token",
            "madeBy": "test/reference/smollm2_fixtures.py",
            "weightsSha256": weights,
            "stride": STRIDE,
            "texts": texts,
        },
    )


if __name__ == "__main__":
    main(sys.argv[1])
