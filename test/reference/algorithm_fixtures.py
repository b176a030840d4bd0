"""Fixtures for one round of dapo and gspo, and of every option that reinforcement-learning algorithms share.

    python test/reference/algorithm_fixtures.py

with a Python that has the packages of requirements.txt. Writes fixtures/algorithms.json, reproducibly (see common.py).

Written from the formulas, on the questions and samples of method_fixtures.py, of which more are truncated here, with
log-probabilities that a sampler of another arithmetic might have reported. Every round has two optimiser steps, so that
ratios leave 1; `gradients` are those of the first before clipping.
- dapo (Yu et al., 2025): a reward loses penalty * (length - (MAX_TOKENS - buffer)) / buffer once that is positive; the
  advantage is (score - mean) / (standard deviation + 1e-4) over a question's answers; clip range [1 - low, 1 + high];
  the mean over all tokens of the mini-batch.
- gspo (Zheng et al., 2025): the ratio of an answer is exp(mean over its tokens of log pi - log pi_old); means over answers.
- scaleRewards: that deviation is of the question's scores (group), of all scores of the round (batch), or 1 (none).
- maskTruncated: truncated answers are left out of every mean of the loss, not of advantages or whitening.
- samplingCorrection: each token's policy loss times min(pi_old / pi_sampler, cap); no gradient flows through it.
- klEstimator, with d = log pi_ref - log pi: k1 = -d, k2 = d^2 / 2, k3 = exp(d) - 1 - d, in the loss of each token, or
  summed up and taken off the score; for PPO taken off each token's reward.
"""

import torch
from transformers import LlamaForCausalLM

import common
import method_fixtures as methods
import ppo_fixtures

KL = 0.2
CLIP = {"low": 0.02, "high": 0.03}
ANSWER_CLIP = {"low": 0.005, "high": 0.008}
LEARNING_RATES = [1e-2, 1e-2]
# Some answers are in both, so that the second step meets ratios that the first has raised and lowered.
MINI_BATCHES = [[3, 0, 13, 6, 10, 9, 15, 4, 1], [3, 0, 13, 6, 5, 7, 8, 11, 12, 14, 2]]


def make_samples(questions, vocabulary):
    samples = methods.make_samples(questions, vocabulary)
    for index in (4, 10, 13):
        samples[index].update(answer=samples[index]["answer"][:-1] + [9], truncated=True)
    return samples


def kl_of(estimator, log_probs, frozen):
    difference = frozen - log_probs
    return {
        "k1": -difference,
        "k2": difference**2 / 2,
        "k3": difference.exp() - 1 - difference,
    }[estimator]


def clipped_loss(log_ratio, advantage, clip, seen):
    ratio = log_ratio.exp()
    plain = -advantage * ratio
    clipped = -advantage * ratio.clamp(1 - clip["low"], 1 + clip["high"])
    seen["high"] = seen.get("high", False) or bool(((clipped > plain) & (ratio > 1)).any())
    seen["low"] = seen.get("low", False) or bool(((clipped > plain) & (ratio < 1)).any())
    return torch.maximum(plain, clipped)


def trained_on(samples, indices, options):
    return [i for i in indices if not (options.get("maskTruncated") and samples[i]["truncated"])]


def correction(old, sampler, options):
    cap = (options.get("samplingCorrection") or {}).get("cap")
    return torch.ones_like(old) if cap is None else (old - torch.tensor(sampler).double()).exp().clamp(max=cap)


def overlong_penalty(length, options):
    overlong = options.get("overlong")
    if overlong is None:
        return 0.0
    start = methods.MAX_TOKENS - overlong["buffer"]
    return overlong["penalty"] * max(0, length - start) / overlong["buffer"]


def group_round(options, policy, reference, samples, seen):
    """The loss of a mini-batch as a function of the model."""
    placement, beta = options.get("klPlacement", "loss"), options["klCoefficient"]
    estimator = options["klEstimator"]
    with torch.no_grad():
        old, frozen = methods.log_probs_of(policy, samples), methods.log_probs_of(reference, samples)
    scores = [
        torch.tensor(s["reward"] - overlong_penalty(len(s["answer"]), options), dtype=torch.float64) for s in samples
    ]
    if placement == "reward":
        scores = [s - beta * kl_of(estimator, o, f).sum() for s, o, f in zip(scores, old, frozen)]
    deviation = torch.stack(scores).std(unbiased=True)
    advantages = []
    for score, sample in zip(scores, samples):
        same = torch.stack([s for s, other in zip(scores, samples) if other["question"] == sample["question"]])
        scale = {"group": same.std(unbiased=True) + 1e-4, "batch": deviation + 1e-4, "none": 1.0}
        advantages.append((score - same.mean()) / scale[options["scaleRewards"]])

    normalisation = {"dapo": "token", "gspo": "sequence"}.get(options["name"], "sequence")

    def loss(model, indices):
        kept = trained_on(samples, indices, options)
        policy_tokens, kl_tokens = [], []
        for log_probs, i in zip(methods.log_probs_of(model, [samples[i] for i in kept]), kept):
            log_ratio = log_probs - old[i]
            if options["name"] == "gspo":
                log_ratio = log_ratio.mean().expand(len(log_ratio))
            weight = correction(old[i], samples[i]["samplerLogProbs"], options)
            policy_tokens.append(weight * clipped_loss(log_ratio, advantages[i], options["clipRange"], seen))
            kl_tokens.append(kl_of(estimator, log_probs, frozen[i]))
        total = methods.average(policy_tokens, normalisation)
        return total + beta * methods.average(kl_tokens, normalisation) if placement == "loss" else total

    return loss


def ppo_round(options, policy, reference, samples, seen):
    with torch.no_grad():
        log_probs, values, _, answer = policy.evaluate(samples)
        reference_log_probs = reference.evaluate(samples)[0]
    split = lambda tensor: [row[marked] for row, marked in zip(tensor, answer)]
    old, frozen, old_values = split(log_probs), split(reference_log_probs), split(values)
    advantages = []
    for own, ref, value, sample in zip(old, frozen, old_values, samples):
        rewards = -options["klCoefficient"] * kl_of(options["klEstimator"], own, ref)
        rewards[-1] += sample["reward"]
        advantages.append(ppo_fixtures.advantages_of(rewards, value))
    returns = [a + v for a, v in zip(advantages, old_values)]
    every = torch.cat(advantages)
    whitened = [(a - every.mean()) * torch.rsqrt(every.var(unbiased=True) + 1e-8) for a in advantages]

    def loss(model, indices):
        kept = trained_on(samples, indices, options)
        now, values, _, answer = model.evaluate([samples[i] for i in kept])
        policy_losses, value_losses = [], []
        for row, i in enumerate(kept):
            log_ratio, value = now[row][answer[row]] - old[i], values[row][answer[row]]
            weight = correction(old[i], samples[i]["samplerLogProbs"], options)
            policy_losses.append((weight * clipped_loss(log_ratio, whitened[i], options["clipRange"], seen)).mean())
            clip = options["valueClipRange"]
            near = old_values[i] + (value - old_values[i]).clamp(-clip, clip)
            error = torch.maximum((value - returns[i]) ** 2, (near - returns[i]) ** 2)
            value_losses.append(0.5 * error.mean())
        return torch.stack(policy_losses).mean() + options["valueCoefficient"] * torch.stack(value_losses).mean()

    return loss


def variants():
    """Options of each round, as a specification has them."""
    grpo = {
        "name": "grpo",
        "clipRange": CLIP,
        "scaleRewards": "group",
        "klCoefficient": KL,
        "klPlacement": "loss",
        "klEstimator": "k3",
    }
    ppo = {
        "name": "ppo",
        "clipRange": CLIP,
        "klCoefficient": KL,
        "klEstimator": "k1",
        "valueCoefficient": ppo_fixtures.VALUE_COEFFICIENT,
        "gamma": ppo_fixtures.DISCOUNT,
        "lambda": ppo_fixtures.LAMBDA,
        "valueClipRange": ppo_fixtures.VALUE_CLIP,
    }
    capped = {"samplingCorrection": {"cap": 1.1}}
    bare = {"klCoefficient": 0}
    dapo = {**grpo, **bare, "name": "dapo", "overlong": {"buffer": 4, "penalty": 0.5}}
    gspo = {**grpo, **bare, "name": "gspo", "clipRange": ANSWER_CLIP}
    return {
        "dapo": dapo,
        "dapo maskTruncated": {**dapo, "maskTruncated": True},
        "gspo": gspo,
        "gspo maskTruncated": {**gspo, "maskTruncated": True},
        "gspo samplingCorrection": {**gspo, **capped},
        "grpo scaleRewards batch": {**grpo, **bare, "scaleRewards": "batch"},
        "grpo scaleRewards none": {**grpo, **bare, "scaleRewards": "none"},
        "grpo maskTruncated": {**grpo, "maskTruncated": True},
        "grpo samplingCorrection": {**grpo, **capped},
        **{f"grpo {k} in the loss": {**grpo, "klEstimator": k} for k in ("k1", "k2")},
        **{f"grpo {k} in the reward": {**grpo, "klEstimator": k, "klPlacement": "reward"} for k in ("k2", "k3")},
        "ppo maskTruncated": {**ppo, "maskTruncated": True},
        "ppo samplingCorrection": {**ppo, **capped},
        **{f"ppo {k}": {**ppo, "klEstimator": k} for k in ("k2", "k3")},
    }


def train(model, losses):
    settings = methods.OPTIMISER
    optimiser = common.adamw(model, settings["weightDecay"], (settings["beta1"], settings["beta2"]))
    values, first = [], {}
    for loss_of, rate in zip(losses, LEARNING_RATES):
        loss = loss_of(model)
        gradients, _ = common.adamw_step(model, optimiser, loss, rate, settings["maxGradNorm"])
        first = first or gradients
        values.append(loss.item())
    return {
        "losses": common.numbers(values),
        "gradients": common.tensors(first),
        "parametersAfter": common.tensors(common.parameters(model)),
    }


def main():
    config = methods.tiny_config()
    with_value, reference = ppo_fixtures.make_models(config)
    start = {name: value.clone() for name, value in with_value.state_dict().items()}
    trunk = {name: value for name, value in start.items() if not name.startswith("value_head")}

    questions = methods.make_questions(config.vocab_size)
    samples = make_samples(questions, config.vocab_size)
    generator = torch.Generator().manual_seed(17)
    with torch.no_grad():
        for sample, own in zip(samples, methods.log_probs_of(with_value, samples)):
            noise = 0.2 * torch.randn(own.shape, generator=generator)
            sample["samplerLogProbs"] = [round(value, 4) for value in (own + noise).tolist()]

    rounds = {}
    for name, options in variants().items():
        if options["name"] == "ppo":
            model, round_of = ppo_fixtures.PolicyWithValue(config), ppo_round
            model = common.double_precision(model)
            model.load_state_dict(start)
        else:
            model, round_of = common.double_precision(LlamaForCausalLM(config)), group_round
            model.load_state_dict(trunk)
        seen = {}
        loss = round_of(options, model, reference, samples, seen)
        steps = [lambda m, i=indices: loss(m, i) for indices in MINI_BATCHES]
        rounds[name] = {"algorithm": options, **train(model, steps)}
        assert seen["high"] and seen["low"], f"{name}: ratios must be clipped on both sides, got {seen}"

    common.write(
        "algorithms",
        {
            "description": "one round of two optimiser steps of dapo, gspo and of every option that algorithms share",
            "madeBy": "test/reference/algorithm_fixtures.py",
            "config": common.config_json(config),
            "optimiser": {"learningRates": LEARNING_RATES, **methods.OPTIMISER},
            "maxAnswerTokens": methods.MAX_TOKENS,
            "miniBatches": MINI_BATCHES,
            "samples": samples,
            "parameters": common.tensors(start),
            "reference": common.tensors(common.parameters(reference)),
            "rounds": rounds,
        },
    )


if __name__ == "__main__":
    main()
