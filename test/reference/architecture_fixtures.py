"""Fixtures for each architecture beside the plain Llama: config.json, weights, logits, loss and every gradient.

    python test/reference/architecture_fixtures.py

with a Python that has the packages of requirements.txt. Writes fixtures/{qwen2,qwen3,mistral,smollm3,gemma3,llama-biased,gpt2,opt,
galactica,rope-linear,rope-llama3,rope-yarn}.json. Seeded, single-threaded, unchanged transformers in float32. The loss is the
cross-entropy in nats, averaged over all answer tokens of the batch. `greedy` is what generate() appends to each prompt; windows are
shorter than some prompts. Those of rotary scaling have no gradients: theirs are those of any Llama.
"""

import torch
from torch.nn.functional import cross_entropy
from transformers import (
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    OPTConfig,
    OPTForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
    SmolLM3Config,
    SmolLM3ForCausalLM,
)

import common

TOKENS = dict(bos_token_id=None, eos_token_id=common.END, pad_token_id=common.PAD)
RAGGED = [(3, 6), (5, 2), (7, 4), (1, 1)]
# Longer than a window of four.
WINDOWED = [(9, 5), (3, 8), (12, 2), (1, 3)]
# Long enough that slowed rotation shows.
LONG = [(30, 3), (12, 4)]


def randomise(model, seed):
    """As common.randomise; biases are far from zero, norm gains near one."""
    common.randomise(model, seed)
    generator = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            if name.endswith(".bias"):
                parameter.copy_(0.3 * torch.randn(parameter.shape, generator=generator))
    return model.eval()


def write(name, description, model, seed, lengths, with_gradients=True):
    generator = torch.Generator().manual_seed(seed)
    randomise(model, seed)
    sequences = common.random_sequences(generator, model.config.vocab_size, lengths)
    ids, attention, answer = common.pad(sequences)
    logits = model(input_ids=ids, attention_mask=attention).logits
    loss = cross_entropy(logits[answer], common.next_tokens(ids)[answer])
    loss.backward()
    greedy = [
        model.generate(
            torch.tensor([s["prompt"]]),
            attention_mask=torch.ones(1, len(s["prompt"]), dtype=torch.long),
            max_new_tokens=10,
            do_sample=False,
            eos_token_id=None,
            pad_token_id=common.PAD,
        )[0, len(s["prompt"]) :].tolist()
        for s in sequences
    ]
    gradients = {key: p.grad for key, p in model.named_parameters()} if with_gradients else {}
    common.write(
        name,
        {
            "description": description,
            "madeBy": "test/reference/architecture_fixtures.py",
            "configJson": model.config.to_dict() | {"architectures": [type(model).__name__]},
            "sequences": sequences,
            "parameters": common.tensors(common.parameters(model)),
            "logits": common.by_sequence(logits, answer),
            "greedy": greedy,
            "loss": common.numbers(loss.item()),
            "gradients": common.tensors(gradients),
        },
    )


def main():
    rotary = dict(
        vocab_size=19,
        hidden_size=32,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=64,
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
        **TOKENS,
    )
    write(
        "qwen3",
        "two layers, norms of queries and keys, heads of 8 that do not add up to the hidden size, tied head",
        Qwen3ForCausalLM(
            Qwen3Config(
                **rotary
                | dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=8)
            )
        ),
        10,
        WINDOWED,
    )
    write(
        "mistral",
        "two layers that see four positions, untied head",
        MistralForCausalLM(
            MistralConfig(**rotary | dict(num_hidden_layers=2, sliding_window=4, tie_word_embeddings=False))
        ),
        11,
        WINDOWED,
    )
    write(
        "smollm3",
        "four layers, the last without positions, which sees four of them; tied head",
        SmolLM3ForCausalLM(
            SmolLM3Config(
                **rotary | dict(hidden_size=16, num_hidden_layers=4, num_attention_heads=1),
                use_sliding_window=True,
                sliding_window=4,
            )
        ),
        12,
        WINDOWED,
    )
    write(
        "gemma3",
        "two layers that see four positions and one that sees all, scores scaled otherwise, tied head",
        Gemma3ForCausalLM(
            Gemma3TextConfig(
                **rotary | dict(hidden_size=16, num_hidden_layers=3),
                head_dim=16,
                query_pre_attn_scalar=24,
                sliding_window=4,
                layer_types=["sliding_attention", "sliding_attention", "full_attention"],
                rope_parameters={
                    "sliding_attention": {"rope_type": "default", "rope_theta": 100.0},
                    "full_attention": {"rope_type": "linear", "factor": 4.0, "rope_theta": 500.0},
                },
            )
        ),
        13,
        WINDOWED,
    )
    write(
        "llama-biased",
        "Llama with biases on every linear layer, tied head",
        LlamaForCausalLM(LlamaConfig(**rotary | dict(hidden_size=16, head_dim=16), attention_bias=True, mlp_bias=True)),
        14,
        RAGGED,
    )
    learned = dict(vocab_size=19, **TOKENS)
    write(
        "qwen2",
        "Llama with biases on queries, keys and values; tied head, two heads over one key",
        Qwen2ForCausalLM(Qwen2Config(**rotary)),
        3,
        RAGGED,
    )
    write(
        "gpt2",
        "two layers, tied head",
        GPT2LMHeadModel(GPT2Config(**learned, n_embd=16, n_inner=32, n_layer=2, n_head=2, n_positions=24)),
        4,
        RAGGED,
    )
    sizes = dict(hidden_size=16, word_embed_proj_dim=16, ffn_dim=32, num_attention_heads=2, max_position_embeddings=24)
    write(
        "opt",
        "two layers, ReLU, tied head",
        OPTForCausalLM(OPTConfig(**learned, **sizes, num_hidden_layers=2)),
        5,
        RAGGED,
    )
    write(
        "galactica",
        "one layer, GELU, untied head, no biases",
        OPTForCausalLM(
            OPTConfig(
                **learned,
                **sizes,
                num_hidden_layers=1,
                activation_function="gelu",
                enable_bias=False,
                tie_word_embeddings=False,
            )
        ),
        6,
        RAGGED,
    )
    scalings = {
        "linear": {"rope_type": "linear", "factor": 4.0, "rope_theta": 500.0},
        "llama3": {
            "rope_type": "llama3",
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 24,
            "rope_theta": 500.0,
        },
        "yarn": {
            "rope_type": "yarn",
            "factor": 4.0,
            "beta_fast": 4.0,
            "original_max_position_embeddings": 16,
            "rope_theta": 500.0,
        },
    }
    for seed, (name, scaling) in zip([7, 8, 15], scalings.items()):
        write(
            f"rope-{name}",
            f"Llama with rotary frequencies scaled by {name}",
            LlamaForCausalLM(LlamaConfig(**rotary, rope_parameters=scaling)),
            seed,
            LONG,
            with_gradients=False,
        )


if __name__ == "__main__":
    main()
