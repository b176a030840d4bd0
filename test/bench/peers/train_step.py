"""The peer of the training benchmarks: PyTorch eager on transformers' Llama, with PEFT for LoRA, one step for each line on stdin.

    python train_step.py job.json

with a Python that has torch, transformers, safetensors and for LoRA peft. The job names the model (config and files, those our
side starts from), the batches, the optimiser and the number of threads. Answers one JSON line when ready and one a step.

Batches of equal length are as lean as PyTorch allows: no mask, no padding, the loss by hand. Ragged ones are done as the trainers
of transformers and TRL do them: padded to the longest, labels of -100 on prompts and padding, the model's own loss. AdamW is the
fused one where the job asks for it, otherwise the one that PyTorch chooses.
"""

import json
import sys
import time

import torch
import transformers
from safetensors.torch import load_file
from torch.nn.functional import cross_entropy

IGNORED = -100


def main():
    job = json.load(open(sys.argv[1]))
    torch.set_num_threads(job["threads"])
    torch.set_num_interop_threads(1)
    model, versions = load_model(job["model"])
    settings = job["optimiser"]
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(
        trained,
        lr=job["learningRate"],
        betas=(settings["beta1"], settings["beta2"]),
        eps=settings["epsilon"],
        weight_decay=settings["weightDecay"],
        fused=True if job["fusedAdamW"] else None,
    )
    batches = [tensors(batch, job["model"]["config"]["pad_token_id"]) for batch in job["batches"]]
    peak = peak_memory()
    answer(versions)
    for step, _ in enumerate(sys.stdin):
        started = time.perf_counter()
        loss = loss_of(model, *batches[step % len(batches)])
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, settings["maxGradNorm"])
        optimiser.step()
        loss = loss.item()
        answer({"seconds": time.perf_counter() - started, "loss": loss, "peakBytes": peak()})


def load_model(files):
    fields = dict(files["config"])
    theta = fields.pop("rope_theta")
    config = transformers.LlamaConfig(
        **fields, rope_parameters={"rope_type": "default", "rope_theta": theta}, attn_implementation="sdpa"
    )
    model = transformers.LlamaForCausalLM(config).float().train()
    missing, unexpected = model.load_state_dict(load_file(files["parameters"]), strict=False)
    assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    if "adapters" not in files:
        return model, versions
    import peft

    lora = files["adapters"]["lora"]
    settings = peft.LoraConfig(
        r=lora["rank"], lora_alpha=lora["alpha"], target_modules=lora["targetModules"], task_type="CAUSAL_LM"
    )
    model = peft.get_peft_model(model, settings)
    peft.set_peft_model_state_dict(model, load_file(files["adapters"]["file"]))
    return model, {**versions, "peft": peft.__version__}


def tensors(batch, padding):
    rows = [sequence["prompt"] + sequence["answer"] for sequence in batch]
    longest = max(map(len, rows))
    ids = torch.tensor([row + [padding] * (longest - len(row)) for row in rows])
    if all(len(row) == longest and len(sequence["prompt"]) == 1 for row, sequence in zip(rows, batch)):
        return ids, None, None
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    labels = torch.tensor(
        [
            [IGNORED] * len(sequence["prompt"]) + sequence["answer"] + [IGNORED] * (longest - len(row))
            for row, sequence in zip(rows, batch)
        ]
    )
    return ids, mask, labels


def loss_of(model, ids, mask, labels):
    if labels is None:
        logits = model(input_ids=ids[:, :-1].contiguous(), use_cache=False).logits
        return cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
    return model(input_ids=ids, attention_mask=mask, labels=labels, use_cache=False).loss


def peak_memory():
    """The largest resident memory of this process from here on (of its whole life where the system has no /proc)."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        import resource

        return lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    def read():
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))

    return read


def answer(fields):
    print(json.dumps(fields), flush=True)


if __name__ == "__main__":
    main()
