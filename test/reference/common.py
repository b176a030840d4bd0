"""What the fixture scripts share: tiny Llamas in float64, AdamW with clipping, padding, and how tensors are written.

Transformers computes RMSNorm and the rotary tables in float32 whatever the model's type. `double_precision` replaces
those two by the same formulas in float64, so a fixture is the exact answer to seven digits and the engine's own
float32 error is all that a test measures. Each script also runs the unchanged float32 model and requires agreement.
"""

import base64
import json
import math
from pathlib import Path

import torch
from torch import nn
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaRMSNorm, LlamaRotaryEmbedding

FOLDER = Path(__file__).parent / "fixtures"
PAD, END = 0, 1

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)


def llama_config(**sizes):
    """A config in today's form; `rope_theta` is accepted as in a config.json."""
    theta = sizes.pop("rope_theta")
    return LlamaConfig(
        **sizes,
        rope_parameters={"rope_type": "default", "rope_theta": theta},
        attn_implementation="sdpa",
        bos_token_id=None,
        eos_token_id=END,
        pad_token_id=PAD,
    )


def config_json(config):
    """The fields of config.json that the engine reads."""
    names = [
        "model_type",
        "vocab_size",
        "hidden_size",
        "intermediate_size",
        "num_hidden_layers",
        "num_attention_heads",
        "num_key_value_heads",
        "max_position_embeddings",
        "rms_norm_eps",
        "tie_word_embeddings",
        "bos_token_id",
        "eos_token_id",
        "pad_token_id",
    ]
    fields = {name: getattr(config, name) for name in names}
    return {
        "architectures": ["LlamaForCausalLM"],
        **fields,
        "rope_theta": config.rope_parameters["rope_theta"],
    }


class DoubleRMSNorm(nn.Module):
    """x / sqrt(mean(x²) + ε) · gain, in the type of x."""

    def __init__(self, gain, epsilon):
        super().__init__()
        self.weight, self.epsilon = gain, epsilon

    def forward(self, x):
        return self.weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.epsilon)


class DoubleRotary(nn.Module):
    """cos and sin of position · base^(−2i/d), the d/2 angles given twice, as transformers lays them out."""

    def __init__(self, config):
        super().__init__()
        size = config.hidden_size // config.num_attention_heads
        exponent = torch.arange(0, size, 2, dtype=torch.float64) / size
        self.frequencies = config.rope_parameters["rope_theta"] ** -exponent

    def forward(self, x, position_ids):
        angles = position_ids[..., None].double() * self.frequencies
        angles = torch.cat((angles, angles), dim=-1)
        return angles.cos(), angles.sin()


def double_precision(model):
    """The model in float64 throughout, parameters and names unchanged."""
    model = model.double().eval()
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, LlamaRMSNorm):
                setattr(module, name, DoubleRMSNorm(child.weight, child.variance_epsilon))
            elif isinstance(child, LlamaRotaryEmbedding):
                setattr(module, name, DoubleRotary(model.config))
    return model


def randomise(model, seed):
    """Seeded weights large enough that attention and the gates are far from linear; exact in float32."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for _, parameter in sorted(model.named_parameters()):
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.ndim == 1 and parameter.numel() > 1:
                parameter.copy_(1 + 0.1 * noise)
            else:
                parameter.copy_(noise / math.sqrt(parameter.shape[-1]))
    return model


def random_sequences(generator, vocabulary, lengths):
    """Prompts and answers of random tokens, (prompt length, answer length) each; answers end in END."""
    draw = lambda count: torch.randint(2, vocabulary, (count,), generator=generator).tolist()
    return [{"prompt": draw(prompt), "answer": draw(answer - 1) + [END]} for prompt, answer in lengths]


def pad(sequences):
    """Right-padded ids, attention mask and answer mask, all `[batch, time]`.

    The answer mask marks the positions whose next token belongs to the answer: from the prompt's last token to the
    answer's last but one.
    """
    longest = max(len(s["prompt"]) + len(s["answer"]) for s in sequences)
    ids = torch.full((len(sequences), longest), PAD)
    attention = torch.zeros_like(ids)
    answer = torch.zeros_like(ids, dtype=torch.bool)
    for row, sequence in enumerate(sequences):
        tokens = sequence["prompt"] + sequence["answer"]
        ids[row, : len(tokens)] = torch.tensor(tokens)
        attention[row, : len(tokens)] = 1
        answer[row, len(sequence["prompt"]) - 1 : len(tokens) - 1] = True
    return ids, attention, answer


def next_tokens(ids):
    """`ids` moved one to the left: what each position predicts. The last column is never used."""
    return torch.cat((ids[:, 1:], ids[:, :1]), dim=1)


def adamw(model, weight_decay, betas):
    """AdamW; weight decay on tensors of rank 2 and more, none on norm gains and biases."""
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    vectors = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": matrices, "weight_decay": weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, betas=betas, eps=1e-8)


def adamw_step(model, optimiser, loss, learning_rate, clip_norm):
    """One step; returns the gradients before clipping and their global norm."""
    optimiser.zero_grad()
    loss.backward()
    gradients = {name: p.grad.clone() for name, p in model.named_parameters()}
    if not optimiser.state:
        require_clear_signs(gradients)
    norm = nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
    for group in optimiser.param_groups:
        group["lr"] = learning_rate
    optimiser.step()
    return gradients, norm


def require_clear_signs(gradients):
    """Adam's first step is nearly the gradient's sign: no element may be so small that float32 could get it wrong."""
    for name, gradient in gradients.items():
        size = gradient.abs()
        if ((size > 0) & (size < 2e-6 * size.max())).any():
            raise SystemExit(f"{name}: a gradient element is within float32's error of zero; change the seed")


def tensors(named):
    """Tensors as JSON: shape, and little-endian float32 in base64."""
    return {
        name: {
            "shape": list(value.shape),
            "data": base64.b64encode(value.detach().float().contiguous().numpy().astype("<f4").tobytes()).decode(),
        }
        for name, value in sorted(named.items())
    }


def parameters(model):
    return {name: p.detach().clone() for name, p in model.named_parameters()}


def numbers(value):
    """Tensors and floats as plain lists of 12 significant digits, the same on every machine."""
    if isinstance(value, torch.Tensor):
        value = value.detach().tolist()
    if isinstance(value, list):
        return [numbers(item) for item in value]
    return float(f"{value:.12g}") if isinstance(value, float) else value


def by_sequence(values, mask):
    """The marked positions of a `[batch, time, …]` tensor as one list a sequence."""
    return [numbers(row[marked]) for row, marked in zip(values, mask)]


def agree(name, single, double, tolerance=1e-5):
    """Requires a float32 result of unchanged transformers to match the float64 one, relative to its largest value."""
    error = ((single.double() - double).abs().max() / double.abs().max()).item()
    if error > tolerance:
        raise SystemExit(f"{name}: transformers in float32 is {error:.1e} away from float64")


def write(name, fixture):
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.json"
    path.write_text(json.dumps(fixture, indent=1) + "\n")
    print(f"{path.name}: {path.stat().st_size / 1024:.0f} KiB")
