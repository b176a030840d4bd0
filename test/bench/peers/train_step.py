"""The peer of the training-step benchmark: PyTorch eager on transformers' Llama, one step for each line on stdin.

    python train_step.py job.json

with a Python that has torch, transformers and safetensors. The job names the model's config, its parameters (the file our
side starts from), the batch, the optimiser and the number of threads. Answers one JSON line when ready and one a step.
"""

import json
import sys
import time

import torch
import transformers
from safetensors.torch import load_file
from torch.nn.functional import cross_entropy


def main():
    job = json.load(open(sys.argv[1]))
    torch.set_num_threads(job["threads"])
    torch.set_num_interop_threads(1)
    fields = dict(job["config"])
    theta = fields.pop("rope_theta")
    config = transformers.LlamaConfig(
        **fields, rope_parameters={"rope_type": "default", "rope_theta": theta}, attn_implementation="sdpa"
    )
    model = transformers.LlamaForCausalLM(config).float().train()
    weights = load_file(job["parameters"])
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
    settings = job["optimiser"]
    optimiser = torch.optim.AdamW(
        model.parameters(),
        lr=settings["learningRate"],
        betas=(settings["beta1"], settings["beta2"]),
        eps=settings["epsilon"],
        weight_decay=settings["weightDecay"],
        fused=True,
    )
    ids = torch.tensor(job["tokens"])
    inputs, targets = ids[:, :-1].contiguous(), ids[:, 1:].flatten()

    answer({"torch": torch.__version__, "transformers": transformers.__version__})
    for _ in sys.stdin:
        started = time.perf_counter()
        logits = model(input_ids=inputs, use_cache=False).logits
        loss = cross_entropy(logits.flatten(0, 1), targets)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), settings["clipNorm"])
        optimiser.step()
        answer({"seconds": time.perf_counter() - started, "loss": loss.item()})


def answer(fields):
    print(json.dumps(fields), flush=True)


if __name__ == "__main__":
    main()
