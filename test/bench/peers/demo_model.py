"""The Llama of `demo.py`: plain PyTorch, with fused projections, and sampling with a key-value cache."""

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F


class Llama(nn.Module):
    def __init__(self, config, path):
        super().__init__()
        self.heads, self.eps = config["num_attention_heads"], config["rms_norm_eps"]
        hidden = config["hidden_size"]
        self.head_size = hidden // self.heads
        stored = load_file(path)
        parameter = lambda *names: nn.Parameter(torch.cat([stored[name] for name in names]))
        self.embedding = parameter("model.embed_tokens.weight")
        self.last_norm = parameter("model.norm.weight")
        self.layers = nn.ModuleList()
        for index in range(config["num_hidden_layers"]):
            prefix = f"model.layers.{index}."
            layer = nn.Module()
            layer.qkv = parameter(*[f"{prefix}self_attn.{part}_proj.weight" for part in "qkv"])
            layer.out = parameter(prefix + "self_attn.o_proj.weight")
            layer.gate_up = parameter(prefix + "mlp.gate_proj.weight", prefix + "mlp.up_proj.weight")
            layer.down = parameter(prefix + "mlp.down_proj.weight")
            layer.norm = parameter(prefix + "input_layernorm.weight")
            layer.mlp_norm = parameter(prefix + "post_attention_layernorm.weight")
            self.layers.append(layer)
        frequencies = config["rope_theta"] ** -(torch.arange(0, self.head_size, 2) / self.head_size)
        angles = torch.arange(config["max_position_embeddings"])[:, None] * frequencies.repeat(2)[None]
        self.cos, self.sin = angles.cos(), angles.sin()

    def add_value_head(self):
        self.value = nn.Parameter(torch.zeros(1, self.embedding.shape[1]))
        self.value_bias = nn.Parameter(torch.zeros(1))

    def add_reward_head(self):
        self.score = nn.Parameter(0.02 * torch.randn(2, self.embedding.shape[1]))

    def forward(self, ids, positions=None, cache=None, start=0, mask=None):
        """Hidden states [batch, time, hidden]. With a cache, keys and values are written into it from `start` on."""
        batch, time = ids.shape
        x = F.embedding(ids, self.embedding)
        cos, sin = (self.cos[:time], self.sin[:time]) if positions is None else (self.cos[positions], self.sin[positions])
        if positions is not None:
            cos, sin = cos[:, None], sin[:, None]
        for index, layer in enumerate(self.layers):
            qkv = F.linear(F.rms_norm(x, x.shape[-1:], layer.norm, self.eps), layer.qkv)
            query, key, value = qkv.view(batch, time, 3, self.heads, self.head_size).permute(2, 0, 3, 1, 4)
            query, key = rotate(query, cos, sin), rotate(key, cos, sin)
            if cache is not None:
                cache[index, 0, :, :, start : start + time] = key
                cache[index, 1, :, :, start : start + time] = value
                key, value = cache[index, :, :, :, : start + time]
            states = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, is_causal=mask is None)
            x = x + F.linear(states.transpose(1, 2).reshape(batch, time, -1), layer.out)
            gate, up = F.linear(F.rms_norm(x, x.shape[-1:], layer.mlp_norm, self.eps), layer.gate_up).chunk(2, -1)
            x = x + F.linear(F.silu(gate) * up, layer.down)
        return F.rms_norm(x, x.shape[-1:], self.last_norm, self.eps)

    def answer_log_probs(self, ids, mask, values=False):
        """Of every answer token (those that `mask [batch, time]` marks), row by row; and the critic's values there."""
        states = self(ids[:, :-1])[mask[:, 1:]]
        logits = F.linear(states, self.embedding)
        log_probs = -F.cross_entropy(logits, ids[mask], reduction="none")
        return log_probs, F.linear(states, self.value, self.value_bias)[:, 0] if values else None

    def class_logits(self, rows):
        """[batch, 2], from the state of each row's last token."""
        ids, _ = tensors([(row, []) for row in rows])
        last = torch.tensor([len(row) - 1 for row in rows])
        return F.linear(self(ids)[torch.arange(len(rows)), last], self.score)


def rotate(x, cos, sin):
    first, second = x.chunk(2, -1)
    return x * cos + torch.cat((-second, first), -1) * sin


def tensors(pairs):
    """Prompts with their answers, padded behind: causal attention never sees the padding. The mask marks answers."""
    longest = max(len(prompt) + len(answer) for prompt, answer in pairs)
    ids = torch.tensor([prompt + answer + [0] * (longest - len(prompt) - len(answer)) for prompt, answer in pairs])
    mask = torch.tensor(
        [
            [False] * len(prompt) + [True] * len(answer) + [False] * (longest - len(prompt) - len(answer))
            for prompt, answer in pairs
        ]
    )
    return ids, mask


@torch.inference_mode()
def sample(model, prompts, limit, ends, greedy):
    """An answer to each prompt, its end token included. Rows that have ended leave the batch when half of it has."""
    longest = max(map(len, prompts))
    lengths = torch.tensor([len(prompt) for prompt in prompts])
    ids = torch.tensor([[0] * (longest - len(prompt)) + prompt for prompt in prompts])
    cache = torch.zeros(len(model.layers), 2, len(prompts), model.heads, longest + limit, model.head_size)
    padding = longest - lengths
    columns = torch.arange(longest + limit)
    visible = columns[None] >= padding[:, None]
    causal = columns[None, :longest] <= columns[:longest, None]
    # A row of padding sees itself: nobody reads it, and a softmax over nothing would not be a number.
    mask = (visible[:, None, :longest] & causal[None]) | torch.eye(longest, dtype=torch.bool)[None]
    positions = (columns[None, :longest] - padding[:, None]).clamp(min=0)
    state = model(ids, positions, cache, 0, mask[:, None])[:, -1]
    rows, alive = torch.arange(len(prompts)), torch.ones(len(prompts), dtype=torch.bool)
    answers, end = [[] for _ in prompts], torch.tensor(ends)
    for step in range(limit):
        logits = F.linear(state, model.embedding)
        # Gumbel's trick, one pass instead of a softmax and a search.
        scores = logits if greedy else logits - torch.empty_like(logits).exponential_().log()
        tokens = scores.argmax(-1)
        for row, token, lives in zip(rows.tolist(), tokens.tolist(), alive.tolist()):
            if lives:
                answers[row].append(token)
        alive = alive & ~torch.isin(tokens, end)
        if step + 1 == limit or not alive.any():
            break
        if 2 * int(alive.sum()) <= len(rows):
            rows, tokens, cache, lengths, visible = (
                rows[alive],
                tokens[alive],
                cache[:, :, alive],
                lengths[alive],
                visible[alive],
            )
            alive = alive[alive]
        place = longest + step
        mask = visible[:, None, None, : place + 1]
        state = model(tokens[:, None], (lengths + step)[:, None], cache, place, mask)[:, -1]
    return answers
