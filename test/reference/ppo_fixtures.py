"""Fixtures for one PPO update of a Llama with a value head: rewards, advantages, losses and the resulting parameters.

    python test/reference/ppo_fixtures.py

with a Python that has the packages of requirements.txt. Writes fixtures/ppo.json, reproducibly (see common.py).

Written from the paper's formulas; where its published code (github.com/lqtrung1998/mwp_ReFT, train_rl_reft.py) settles
a detail, that is followed:
- Quantities are indexed by answer token. The value of token t is the value head on the hidden state (after the final
  norm) that predicts it: V(s_t) of the prompt and the answer before t.
- The score is given to the last answer token: the step that emits EOS or, in a truncated answer, its last token.
- Advantages are whitened over all answer tokens of the batch, every token weighing the same, with the unbiased variance
  (Bessel's correction, as `masked_var` of trl): (A - mean) / sqrt(var + 1e-8). They are computed once, before the first
  optimiser step, and mini-batches do not whiten again.
- Returns are unwhitened advantages plus old values.
- Of a step, `ratio`, `clipFraction` (the share of tokens whose clipped term is the larger one) and `approximateKl` (of the
  old policy to the new one, (ratio - 1) - log ratio) are averaged as the losses are, within each answer and then over
  answers; `largestRatio` is of any token; `logProbs` and `values` are those the losses were computed from.
"""

import torch
from torch import nn
from transformers import LlamaForCausalLM

import common

KL, DISCOUNT, LAMBDA = 0.05, 0.97, 0.95
CLIP, VALUE_CLIP, VALUE_COEFFICIENT = 0.2, 0.2, 2.0
OPTIMISER = {
    "learningRates": [2e-3] * 4,
    "beta1": 0.9,
    "beta2": 0.999,
    "epsilon": 1e-8,
    "weightDecay": 0.0,
    "maxGradNorm": 1.0,
}
# Two passes over five rollouts in mini-batches of three and two.
MINI_BATCHES = [[3, 0, 4], [1, 2], [2, 4, 0], [3, 1]]


class PolicyWithValue(LlamaForCausalLM):
    """A Llama whose last hidden state also feeds a linear value head."""

    def __init__(self, config):
        super().__init__(config)
        self.value_head = nn.Linear(config.hidden_size, 1)

    def evaluate(self, sequences):
        """Log-probabilities of the answer tokens, their values, and entropies, `[batch, time]`, and the answer mask."""
        ids, attention, answer = common.pad(sequences)
        hidden = self.model(input_ids=ids, attention_mask=attention).last_hidden_state
        log_probs = self.lm_head(hidden).log_softmax(-1)
        chosen = log_probs.gather(-1, common.next_tokens(ids)[..., None])[..., 0]
        entropy = -(log_probs.exp() * log_probs).sum(-1)
        return chosen, self.value_head(hidden)[..., 0], entropy, answer


def advantages_of(rewards, values):
    """Generalised advantage estimation of one answer; the value past its end is 0."""
    advantages, running = torch.zeros_like(values), 0.0
    for t in reversed(range(len(values))):
        following = values[t + 1] if t + 1 < len(values) else 0.0
        running = rewards[t] + DISCOUNT * following - values[t] + DISCOUNT * LAMBDA * running
        advantages[t] = running
    return advantages


def prepare(policy, reference, rollouts):
    """Per-token quantities of the batch, lists by rollout, fixed before the first optimiser step."""
    with torch.no_grad():
        log_probs, values, entropy, answer = policy.evaluate(rollouts)
        reference_log_probs = reference.evaluate(rollouts)[0]
    split = lambda tensor: [row[marked] for row, marked in zip(tensor, answer)]
    batch = {
        "logProbs": split(log_probs),
        "referenceLogProbs": split(reference_log_probs),
        "values": split(values),
        "entropies": split(entropy),
        "rewards": [],
        "advantages": [],
    }
    for old, frozen, value, rollout in zip(batch["logProbs"], batch["referenceLogProbs"], batch["values"], rollouts):
        rewards = -KL * (old - frozen)
        rewards[-1] += rollout["reward"]
        batch["rewards"].append(rewards)
        batch["advantages"].append(advantages_of(rewards, value))
    batch["returns"] = [a + v for a, v in zip(batch["advantages"], batch["values"])]
    every = torch.cat(batch["advantages"])
    scale = torch.rsqrt(every.var(unbiased=True) + 1e-8)
    batch["whitenedAdvantages"] = [(a - every.mean()) * scale for a in batch["advantages"]]
    return batch


def losses(policy, rollouts, batch, indices, clip=CLIP, value_clip=VALUE_CLIP):
    """Policy and value loss of a mini-batch, averaged within each answer and then over answers, and what they saw."""
    log_probs, values, _, answer = policy.evaluate([rollouts[i] for i in indices])
    policy_losses, value_losses, ratios, clipped, divergences = [], [], [], [], []
    for row, i in enumerate(indices):
        advantage, target, old = batch["whitenedAdvantages"][i], batch["returns"][i], batch["values"][i]
        log_ratio = log_probs[row][answer[row]] - batch["logProbs"][i]
        ratio = log_ratio.exp()
        value = values[row][answer[row]]
        clipped_value = old + (value - old).clamp(-value_clip, value_clip)
        plain, clipped_surrogate = -advantage * ratio, -advantage * ratio.clamp(1 - clip, 1 + clip)
        error = torch.maximum((value - target) ** 2, (clipped_value - target) ** 2)
        policy_losses.append(torch.maximum(plain, clipped_surrogate).mean())
        value_losses.append(0.5 * error.mean())
        ratios.append(ratio)
        divergences.append((ratio - 1 - log_ratio).mean())
        clipped.append((clipped_surrogate > plain).double().mean())
    seen = {
        "logProbs": common.by_sequence(log_probs, answer),
        "values": common.by_sequence(values, answer),
        "ratio": torch.stack([ratio.mean() for ratio in ratios]).mean().item(),
        "largestRatio": torch.cat(ratios).max().item(),
        "approximateKl": torch.stack(divergences).mean().item(),
        "clipFraction": torch.stack(clipped).mean().item(),
    }
    return torch.stack(policy_losses).mean(), torch.stack(value_losses).mean(), seen


def make_models(config):
    """A frozen reference and a policy some way off it, value head included; weights exact in float32."""
    reference = common.randomise(PolicyWithValue(config), 3)
    policy = PolicyWithValue(config)
    policy.load_state_dict(reference.state_dict())
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for _, parameter in sorted(policy.named_parameters()):
            parameter.add_(0.03 * torch.randn(parameter.shape, generator=generator))
    return common.double_precision(policy), common.double_precision(reference)


def make_rollouts(config):
    """Ragged answers; the third is truncated, so its last token is not END and its reward is 0."""
    generator = torch.Generator().manual_seed(5)
    rollouts = common.random_sequences(generator, config.vocab_size, [(3, 6), (5, 2), (2, 7), (4, 5), (1, 3)])
    rollouts[2]["answer"][-1] = 7
    for rollout, reward in zip(rollouts, [1.0, 0.1, 0.0, 1.0, 0.1]):
        rollout["reward"] = reward
    return rollouts


def main():
    config = common.llama_config(
        vocab_size=19,
        hidden_size=32,
        intermediate_size=24,
        num_hidden_layers=1,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
        rms_norm_eps=1e-5,
        rope_theta=1000.0,
        tie_word_embeddings=True,
    )
    policy, reference = make_models(config)
    rollouts = make_rollouts(config)
    before = common.parameters(policy)
    batch = prepare(policy, reference, rollouts)

    optimiser = common.adamw(policy, OPTIMISER["weightDecay"], (OPTIMISER["beta1"], OPTIMISER["beta2"]))
    steps, first_gradients = [], {}
    for indices, rate in zip(MINI_BATCHES, OPTIMISER["learningRates"]):
        policy_loss, value_loss, seen = losses(policy, rollouts, batch, indices)
        loss = policy_loss + VALUE_COEFFICIENT * value_loss
        gradients, norm = common.adamw_step(policy, optimiser, loss, rate, OPTIMISER["maxGradNorm"])
        first_gradients = first_gradients or gradients
        step = {"policyLoss": policy_loss.item(), "valueLoss": value_loss.item(), "loss": loss.item()}
        steps.append({k: common.numbers(v) for k, v in {**step, "gradientNorm": norm.item(), **seen}.items()})
    assert any(step["clipFraction"] > 0 for step in steps), "no ratio was clipped"

    kl = [old - frozen for old, frozen in zip(batch["logProbs"], batch["referenceLogProbs"])]
    returns, values = torch.cat(batch["returns"]), torch.cat(batch["values"])
    common.write(
        "ppo",
        {
            "description": "two passes of two mini-batches of PPO over five rollouts, one of them truncated",
            "madeBy": "test/reference/ppo_fixtures.py",
            "config": common.config_json(config),
            "optimiser": OPTIMISER,
            "klCoefficient": KL,
            "valueCoefficient": VALUE_COEFFICIENT,
            "gamma": DISCOUNT,
            "lambda": LAMBDA,
            "clipRange": CLIP,
            "valueClipRange": VALUE_CLIP,
            "whitening": "mean 0 and unbiased variance 1 over all answer tokens of the batch, epsilon 1e-8",
            "rollouts": rollouts,
            "miniBatches": MINI_BATCHES,
            "batch": {name: common.numbers([row.tolist() for row in rows]) for name, rows in batch.items()},
            "klPerToken": common.numbers(torch.cat(kl).mean().item()),
            "klPerSequence": common.numbers(torch.stack([row.sum() for row in kl]).mean().item()),
            "entropyPerSequence": common.numbers(torch.stack([row.sum() for row in batch["entropies"]]).mean().item()),
            "explainedVariance": common.numbers((1 - (returns - values).var() / (returns.var() + 1e-8)).item()),
            "steps": steps,
            "reference": common.tensors(common.parameters(reference)),
            "parameters": common.tensors(before),
            "gradients": common.tensors(first_gradients),
            "parametersAfter": common.tensors(common.parameters(policy)),
        },
    )


if __name__ == "__main__":
    main()
