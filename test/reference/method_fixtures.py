"""Fixtures for one optimisation round of every method, from the same weights and the same samples.

    python test/reference/method_fixtures.py

with a Python that has the packages of requirements.txt. Writes fixtures/methods.json, reproducibly (see common.py).

Written from the formulas. Four questions have an annotated answer and four samples each: right ones, some of them alike or
truncated, wrong ones (0.1) and ones without a value (0).
- sft: mean cross-entropy over all answer tokens of the annotated answers.
- offline self-training: the same over annotated answers and, of each question, its first KEEP right samples that differ from
  one another and from the annotated answer.
- online self-training: half the mean cross-entropy of right samples, half that of annotated answers; expert iteration: that of
  right samples alone. Truncated samples are not trained on.
- reft: PPO as in ppo_fixtures.py; reft two passes: with narrower clipping, two steps on the same samples.
- grpo: advantage (score - mean) / (standard deviation + 1e-4) over a question's answers; rloo: score - mean of the other
  answers' scores. Every token of an answer has its advantage in PPO's clipped loss. A KL penalty in the reward takes
  beta * sum over tokens of (log pi_old - log pi_ref) off the score; one in the loss adds beta * (exp(d) - d - 1) to each
  token, d = log pi_ref - log pi. Tokens are averaged within answers and then over answers (sequence), over all tokens of the
  mini-batch (token), or summed and divided by answers * MAX_TOKENS (constant).
Two passes, grpo and rloo take two optimiser steps, so that ratios leave 1 and some are clipped; the others take one.
"""

import torch
from torch.nn.functional import cross_entropy
from transformers import LlamaForCausalLM

import common
import ppo_fixtures

KEEP, MAX_TOKENS, CLIP, KL = 2, 9, 0.05, 0.2
LEARNING_RATES = [4e-3, 4e-3]
MINI_BATCHES = [[3, 0, 13, 6, 10, 9, 15, 4], [1, 2, 5, 7, 8, 11, 12, 14]]
OPTIMISER = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weightDecay": 0.0, "maxGradNorm": 1.0}


def make_questions(vocabulary):
    generator = torch.Generator().manual_seed(11)
    return common.random_sequences(generator, vocabulary, [(3, 5), (5, 3), (2, 6), (4, 4)])


def make_samples(questions, vocabulary):
    """Four answers to each question, question by question."""
    generator = torch.Generator().manual_seed(13)
    lengths = [[4, 6, 4, 3], [5, 2, 7, 3], [4, 4, 6, 5], [3, 5, 8, 2]]
    rewards = [[1.0, 1.0, 1.0, 0.1], [0.1, 1.0, 0.0, 1.0], [1.0, 1.0, 1.0, 1.0], [0.0, 0.1, 0.0, 0.1]]
    samples = []
    for question, (own, scores) in enumerate(zip(lengths, rewards)):
        for length, reward in zip(own, scores):
            answer = common.random_sequences(generator, vocabulary, [(1, length)])[0]["answer"]
            samples.append({"question": question, "answer": answer, "reward": reward, "truncated": False})
    samples[2]["answer"] = samples[0]["answer"]
    samples[7].update(answer=samples[7]["answer"][:-1] + [7], truncated=True)
    samples[9]["answer"] = questions[2]["answer"]
    return [{"prompt": questions[s["question"]]["prompt"], **s} for s in samples]


def right(samples):
    return [s for s in samples if s["reward"] == 1.0 and not s["truncated"]]


def kept(questions, samples):
    """What offline self-training adds to the annotated answers."""
    added = []
    for index, question in enumerate(questions):
        known = [question["answer"]]
        for sample in right(samples):
            if sample["question"] == index and sample["answer"] not in known and len(known) <= KEEP:
                known.append(sample["answer"])
                added.append(sample)
    return added


def log_probs_of(model, sequences):
    """Log-probabilities of the answer tokens: a list of `[answer tokens]`."""
    ids, attention, answer = common.pad(sequences)
    log_probs = model(input_ids=ids, attention_mask=attention).logits.log_softmax(-1)
    chosen = log_probs.gather(-1, common.next_tokens(ids)[..., None])[..., 0]
    return [row[marked] for row, marked in zip(chosen, answer)]


def mean_cross_entropy(model, sequences):
    ids, attention, answer = common.pad(sequences)
    logits = model(input_ids=ids, attention_mask=attention).logits
    return cross_entropy(logits[answer], common.next_tokens(ids)[answer])


def advantages(method, scores, samples):
    result = []
    for score, sample in zip(scores, samples):
        same = torch.stack([s for s, other in zip(scores, samples) if other["question"] == sample["question"]])
        if method == "grpo":
            result.append((score - same.mean()) / (same.std(unbiased=True) + 1e-4))
        else:
            result.append(score - (same.sum() - score) / (len(same) - 1))
    return result


def average(tokens, normalisation):
    """A list of per-token values, by answer, as one number."""
    if normalisation == "sequence":
        return torch.stack([own.mean() for own in tokens]).mean()
    if normalisation == "token":
        return torch.cat(tokens).mean()
    return torch.cat(tokens).sum() / (len(tokens) * MAX_TOKENS)


def group_policy(method, normalisation, placement):
    """A loss over a mini-batch, given the policy; `prepare` fixes what is known before the first step."""

    def prepare(policy, reference, samples):
        with torch.no_grad():
            old, frozen = log_probs_of(policy, samples), log_probs_of(reference, samples)
        scores = [torch.tensor(s["reward"], dtype=torch.float64) for s in samples]
        if placement == "reward":
            scores = [s - KL * (o - f).sum() for s, o, f in zip(scores, old, frozen)]
        return old, frozen, advantages(method, scores, samples)

    def loss(policy, prepared, samples, indices, seen):
        old, frozen, advantage = prepared
        policy_tokens, kl_tokens = [], []
        for log_probs, i in zip(log_probs_of(policy, [samples[i] for i in indices]), indices):
            ratio = (log_probs - old[i]).exp()
            plain, clipped = -advantage[i] * ratio, -advantage[i] * ratio.clamp(1 - CLIP, 1 + CLIP)
            policy_tokens.append(torch.maximum(plain, clipped))
            difference = frozen[i] - log_probs
            kl_tokens.append(difference.exp() - difference - 1)
            seen["clipped"] = seen.get("clipped", False) or bool((clipped > plain).any())
        total = average(policy_tokens, normalisation)
        return total + KL * average(kl_tokens, normalisation) if placement == "loss" else total

    return prepare, loss


def train(model, losses):
    """One optimiser step for each loss, a function of the model."""
    optimiser = common.adamw(model, OPTIMISER["weightDecay"], (OPTIMISER["beta1"], OPTIMISER["beta2"]))
    values = []
    for loss_of, rate in zip(losses, LEARNING_RATES):
        loss = loss_of(model)
        common.adamw_step(model, optimiser, loss, rate, OPTIMISER["maxGradNorm"])
        values.append(loss.item())
    return {"losses": common.numbers(values), "parametersAfter": common.tensors(common.parameters(model))}


def tiny_config():
    """The model of all methods and algorithms."""
    return common.llama_config(
        vocab_size=19,
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        num_key_value_heads=1,
        max_position_embeddings=32,
        rms_norm_eps=1e-5,
        rope_theta=1000.0,
        tie_word_embeddings=True,
    )


def main():
    config = tiny_config()
    with_value, reference = ppo_fixtures.make_models(config)
    weights = {name: value for name, value in with_value.state_dict().items() if not name.startswith("value_head")}

    def fresh():
        model = common.double_precision(LlamaForCausalLM(config))
        model.load_state_dict(weights)
        return model

    questions = make_questions(config.vocab_size)
    samples = make_samples(questions, config.vocab_size)
    supervised = {
        "sft": lambda model: mean_cross_entropy(model, questions),
        "offline-self-training": lambda model: mean_cross_entropy(model, questions + kept(questions, samples)),
        "online-self-training": lambda model: 0.5 * mean_cross_entropy(model, right(samples))
        + 0.5 * mean_cross_entropy(model, questions),
        "expert-iteration": lambda model: mean_cross_entropy(model, right(samples)),
    }
    rounds = {name: train(fresh(), [loss]) for name, loss in supervised.items()}

    seen = {}
    for method in ("grpo", "rloo"):
        for normalisation in ("sequence", "token", "constant"):
            for placement in ("reward", "loss"):
                prepare, loss = group_policy(method, normalisation, placement)
                model = fresh()
                prepared = prepare(model, reference, samples)
                steps = [lambda m, i=i: loss(m, prepared, samples, i, seen) for i in MINI_BATCHES]
                rounds[f"{method} {normalisation} {placement}"] = train(model, steps)
    assert seen["clipped"], "no ratio was clipped"

    before = common.parameters(with_value)
    start = {name: value.clone() for name, value in with_value.state_dict().items()}
    batch = ppo_fixtures.prepare(with_value, reference, samples)

    def ppo(model):
        policy_loss, value_loss, _ = ppo_fixtures.losses(model, samples, batch, list(range(len(samples))))
        return policy_loss + ppo_fixtures.VALUE_COEFFICIENT * value_loss

    rounds["reft"] = train(with_value, [ppo])

    passes = []

    def clipped_ppo(model):
        everything = list(range(len(samples)))
        policy_loss, value_loss, seen = ppo_fixtures.losses(model, samples, batch, everything, CLIP, CLIP)
        values = [torch.tensor(own, dtype=torch.float64) for own in seen["values"]]
        moved = torch.cat([(now - old).abs() for now, old in zip(values, batch["values"])])
        passes.append({**seen, "valuesMoved": moved, "policyLoss": policy_loss.item(), "valueLoss": value_loss.item()})
        return policy_loss + ppo_fixtures.VALUE_COEFFICIENT * value_loss

    with_value.load_state_dict(start)
    rounds["reft two passes"] = train(with_value, [clipped_ppo, clipped_ppo])
    assert 0 < passes[1]["clipFraction"] < 1, "ratios must be clipped, and not all"
    assert (passes[1]["valuesMoved"] > CLIP).any() and (passes[1]["valuesMoved"] < CLIP).any(), "some values clipped"

    common.write(
        "methods",
        {
            "description": "one round of every method: two optimiser steps of grpo, rloo and reft two passes, one of the others",
            "madeBy": "test/reference/method_fixtures.py",
            "config": common.config_json(config),
            "optimiser": {"learningRates": LEARNING_RATES, **OPTIMISER},
            "keepPerQuestion": KEEP,
            "maxAnswerTokens": MAX_TOKENS,
            "clipRange": CLIP,
            "klCoefficient": KL,
            "miniBatches": MINI_BATCHES,
            "ppo": {
                "klCoefficient": ppo_fixtures.KL,
                "valueCoefficient": ppo_fixtures.VALUE_COEFFICIENT,
                "gamma": ppo_fixtures.DISCOUNT,
                "lambda": ppo_fixtures.LAMBDA,
                "clipRange": ppo_fixtures.CLIP,
                "valueClipRange": ppo_fixtures.VALUE_CLIP,
            },
            "questions": questions,
            "samples": samples,
            "parameters": common.tensors(before),
            "reference": common.tensors(common.parameters(reference)),
            "rounds": rounds,
            "secondPass": {
                name: common.numbers(passes[1][name])
                for name in ("policyLoss", "valueLoss", "ratio", "largestRatio", "approximateKl", "clipFraction")
            },
        },
    )


if __name__ == "__main__":
    main()
