"""What PEFT computes for LoRA: gradients and three AdamW steps of adapters on the Llama of fixtures/llama-grouped.json, and gradients
of adapters on the GPT-2 of fixtures/gpt2.json, whose layers are Conv1D.

    python test/reference/lora_fixtures.py

with a Python that has the packages of requirements.txt, after llama_fixtures.py and architecture_fixtures.py.
Writes fixtures/lora.json: rank 4, alpha 6 on
queries, values and down projections, first values of A and B random (with B zero, A would have no gradient). Batches, loss and
AdamW are those of llama_fixtures.py; the model's own weights are frozen. Writes fixtures/lora-gpt2.json likewise, of one batch, with
the loss under the adapters.
"""

import base64
import json
import math

import numpy
import torch
from peft import LoraConfig, get_peft_model
from torch import nn
from transformers import GPT2Config, GPT2LMHeadModel, LlamaForCausalLM

import common
from llama_fixtures import OPTIMISER, loss_of

LORA = {"rank": 4, "alpha": 6, "targetModules": ["q_proj", "v_proj", "down_proj"]}
GPT2_LORA = {"rank": 3, "alpha": 6, "targetModules": ["c_attn", "c_proj"]}


def stored(tensor):
    data = numpy.frombuffer(base64.b64decode(tensor["data"]), dtype="<f4").copy()
    return torch.from_numpy(data).reshape(tensor["shape"])


def adapted(base):
    """The stored model with adapters on it, in float64."""
    fields = dict(base["config"])
    fields = {name: fields[name] for name in fields if name not in ("architectures", "model_type")}
    for name in ("bos_token_id", "eos_token_id", "pad_token_id"):
        fields.pop(name)
    model = LlamaForCausalLM(common.llama_config(**fields))
    model.load_state_dict({name: stored(value) for name, value in base["parameters"].items()})
    return common.double_precision(with_adapters(model, LORA, seed=3))


def with_adapters(model, lora, seed, **options):
    """The model with adapters whose matrices are random, both of them."""
    config = LoraConfig(
        r=lora["rank"], lora_alpha=lora["alpha"], target_modules=lora["targetModules"], task_type="CAUSAL_LM", **options
    )
    model = get_peft_model(model, config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for _, parameter in sorted(named_adapters(model).items()):
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / math.sqrt(parameter.shape[-1]))
    return model


def named_adapters(model):
    """Under the names that PEFT saves them with."""
    return {name.replace(".default", ""): p for name, p in model.named_parameters() if p.requires_grad}


def write_gpt2():
    base = json.loads((common.FOLDER / "gpt2.json").read_text())
    model = GPT2LMHeadModel(GPT2Config(**base["configJson"]))
    # The tied head is the embedding.
    model.load_state_dict({name: stored(value) for name, value in base["parameters"].items()}, strict=False)
    model = with_adapters(model, GPT2_LORA, seed=5, fan_in_fan_out=True).double().eval()
    loss = loss_of(model, base["sequences"])
    loss.backward()
    adapters = named_adapters(model)
    common.write(
        "lora-gpt2",
        {
            "description": "LoRA adapters on the model of gpt2.json, for its sequences",
            "madeBy": "test/reference/lora_fixtures.py",
            "lora": GPT2_LORA,
            "adapters": common.tensors(adapters),
            "loss": common.numbers(loss.item()),
            "gradients": common.tensors({name: p.grad for name, p in adapters.items()}),
        },
    )


def main():
    write_gpt2()
    base = json.loads((common.FOLDER / "llama-grouped.json").read_text())
    model = adapted(base)
    adapters = named_adapters(model)
    before = {name: p.detach().clone() for name, p in adapters.items()}
    optimiser = torch.optim.AdamW(
        adapters.values(),
        betas=(OPTIMISER["beta1"], OPTIMISER["beta2"]),
        eps=OPTIMISER["epsilon"],
        weight_decay=OPTIMISER["weightDecay"],
    )
    losses, norms, gradients = [], [], {}
    for batch, rate in zip(base["batches"], OPTIMISER["learningRates"]):
        optimiser.zero_grad()
        loss = loss_of(model, batch)
        loss.backward()
        if not gradients:
            gradients = {name: p.grad.clone() for name, p in adapters.items()}
            common.require_clear_signs(gradients)
        norms.append(nn.utils.clip_grad_norm_(adapters.values(), OPTIMISER["maxGradNorm"]).item())
        losses.append(loss.item())
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.step()
    assert max(norms) > OPTIMISER["maxGradNorm"], "no step was clipped"
    common.write(
        "lora",
        {
            "description": "LoRA adapters on the model of llama-grouped.json, whose batches they are trained on",
            "madeBy": "test/reference/lora_fixtures.py",
            "lora": LORA,
            "adapters": common.tensors(before),
            "losses": common.numbers(losses),
            "gradientNorms": common.numbers(norms),
            "gradients": common.tensors(gradients),
            "adaptersAfter": common.tensors(adapters),
        },
    )


if __name__ == "__main__":
    main()
