"""Fixtures for the two-class reward model: logits, probabilities, loss and gradients.

    python test/reference/reward_model_fixtures.py

with a Python that has the packages of requirements.txt. Writes fixtures/reward-model.json, reproducibly (see common.py).

The model is transformers' LlamaForSequenceClassification: `score.weight [2, hidden]` on the last token's hidden state
after the final norm. Class 1 is "right". The loss is the cross-entropy in nats, averaged over sequences.
"""

import torch
from torch.nn.functional import cross_entropy
from transformers import LlamaForSequenceClassification

import common


def logits_of(model, sequences):
    ids, attention, _ = common.pad(sequences)
    return model(input_ids=ids, attention_mask=attention).logits


def main():
    config = common.llama_config(
        vocab_size=19,
        hidden_size=32,
        intermediate_size=24,
        num_hidden_layers=1,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=64,
        rms_norm_eps=1e-5,
        rope_theta=1000.0,
        tie_word_embeddings=True,
    )
    config.num_labels = 2
    generator = torch.Generator().manual_seed(6)
    sequences = common.random_sequences(generator, config.vocab_size, [(3, 4), (5, 3), (2, 1), (4, 7)])
    sequences[3]["answer"][-1] = 9  # truncated: the last token is not END
    labels = torch.tensor([1, 0, 0, 1])
    for sequence, label in zip(sequences, labels.tolist()):
        sequence["correct"] = bool(label)

    model = common.randomise(LlamaForSequenceClassification(config), 6).eval()
    single = logits_of(model, sequences)
    model = common.double_precision(model)
    logits = logits_of(model, sequences)
    common.agree("reward model", single, logits)
    loss = cross_entropy(logits, labels)
    loss.backward()
    gradients = {name: p.grad for name, p in model.named_parameters()}
    norm = torch.cat([g.flatten() for g in gradients.values()]).norm()

    common.write(
        "reward-model",
        {
            "description": "two-class head on the last token, ragged sequences, one of them truncated",
            "madeBy": "test/reference/reward_model_fixtures.py",
            "config": common.config_json(config),
            "sequences": sequences,
            "parameters": common.tensors(common.parameters(model)),
            "logits": common.numbers(logits),
            "probabilities": common.numbers(logits.softmax(-1)[:, 1]),
            "loss": common.numbers(loss.item()),
            "gradientNorm": common.numbers(norm.item()),
            "gradients": common.tensors(gradients),
        },
    )


if __name__ == "__main__":
    main()
