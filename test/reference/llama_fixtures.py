"""Fixtures for the supervised step of a Llama: logits, loss, gradients and three AdamW steps.

    python test/reference/llama_fixtures.py

with a Python that has the packages of requirements.txt. Writes fixtures/llama-tied.json and fixtures/llama-grouped.json.
Seeded, single-threaded, in float64: running it again reproduces the committed files.

The loss is the cross-entropy in nats, averaged over all answer tokens of the batch (EOS included, prompts excluded).
AdamW: betas .9/.98, epsilon 1e-8, weight decay .01 on tensors of rank 2 and more only (not on norm gains), global
gradient norm clipped to 1, learning rate 4e-3 reached linearly in three steps; each step sees another batch.
"""

import torch
from torch.nn.functional import cross_entropy
from transformers import LlamaForCausalLM

import common

OPTIMISER = {
    "learningRates": [4e-3 / 3, 8e-3 / 3, 4e-3],
    "beta1": 0.9,
    "beta2": 0.98,
    "epsilon": 1e-8,
    "weightDecay": 0.01,
    "maxGradNorm": 1.0,
}


def answer_logits(model, sequences):
    """Logits `[answer tokens, vocabulary]` of the positions before each answer token, and those tokens."""
    ids, attention, answer = common.pad(sequences)
    logits = model(input_ids=ids, attention_mask=attention).logits
    return logits, answer, common.next_tokens(ids)


def loss_of(model, sequences):
    logits, answer, targets = answer_logits(model, sequences)
    return cross_entropy(logits[answer], targets[answer])


def check(config, state, sequences, logits, gradients):
    """Unchanged transformers in float32 agrees, and padding changes nothing."""
    single = LlamaForCausalLM(config).eval()
    single.load_state_dict(state)
    loss_of(single, sequences).backward()
    for name, parameter in single.named_parameters():
        common.agree(name, parameter.grad, gradients[name], 1e-4)
    for row, sequence in enumerate(sequences):
        alone, answer, _ = answer_logits(single, [sequence])
        common.agree(f"sequence {row}", alone[answer], logits[row])


def write(name, description, config, seed, batch_lengths):
    generator = torch.Generator().manual_seed(seed)
    batches = [common.random_sequences(generator, config.vocab_size, lengths) for lengths in batch_lengths]

    model = common.randomise(LlamaForCausalLM(config), seed)
    state = {key: value.clone() for key, value in model.state_dict().items()}
    model = common.double_precision(model)
    before = common.parameters(model)
    logits, answer, _ = answer_logits(model, batches[0])

    optimiser = common.adamw(model, OPTIMISER["weightDecay"], (OPTIMISER["beta1"], OPTIMISER["beta2"]))
    losses, norms, first_gradients = [], [], {}
    for batch, rate in zip(batches, OPTIMISER["learningRates"]):
        loss = loss_of(model, batch)
        gradients, norm = common.adamw_step(model, optimiser, loss, rate, OPTIMISER["maxGradNorm"])
        first_gradients = first_gradients or gradients
        losses.append(loss.item())
        norms.append(norm.item())
    assert max(norms) > OPTIMISER["maxGradNorm"], "no step was clipped"
    check(config, state, batches[0], [row[marked] for row, marked in zip(logits.detach(), answer)], first_gradients)

    common.write(
        name,
        {
            "description": description,
            "madeBy": "test/reference/llama_fixtures.py",
            "config": common.config_json(config),
            "optimiser": OPTIMISER,
            "weightDecayRule": "tensors of rank 2 and more; norm gains are not decayed",
            "batches": batches,
            "parameters": common.tensors(before),
            "logits": common.by_sequence(logits, answer),
            "losses": common.numbers(losses),
            "gradientNorms": common.numbers(norms),
            "gradients": common.tensors(first_gradients),
            "parametersAfter": common.tensors(common.parameters(model)),
        },
    )


def main():
    sizes = dict(vocab_size=19, hidden_size=32, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4)
    shared = dict(max_position_embeddings=64, rms_norm_eps=1e-5)
    write(
        "llama-tied",
        "tied head, 4 heads with a key and value each, RoPE base 10000, sequences of equal length",
        common.llama_config(**sizes, **shared, num_key_value_heads=4, rope_theta=10000.0, tie_word_embeddings=True),
        seed=1,
        batch_lengths=[[(4, 4)] * 3, [(5, 3)] * 2, [(2, 6)] * 3],
    )
    write(
        "llama-grouped",
        "untied head, 4 heads over 2 keys and values, RoPE base 1000, ragged sequences of odd lengths",
        common.llama_config(**sizes, **shared, num_key_value_heads=2, rope_theta=1000.0, tie_word_embeddings=False),
        seed=2,
        batch_lengths=[[(3, 6), (5, 2), (7, 4), (1, 1)], [(2, 3), (9, 4)], [(6, 5), (4, 3), (1, 6)]],
    )


if __name__ == "__main__":
    main()
