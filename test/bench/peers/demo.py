"""The peer of the benchmark `demo`: the whole run in one PyTorch process, as a researcher would write it by hand.

    python demo.py job.json

with a Python that has torch, safetensors and tokenizers. The job names the specification, the data sets and the first weights, all
taken from our run. Answers one JSON line when ready, and for the line on stdin one with the seconds and accuracies.

It is as lean as PyTorch allows: a Llama of a hundred lines with fused projections, fused AdamW, a key-value cache that finished answers
leave, the log-probabilities of a round in one pass. It keeps everything in memory, stores nothing, cannot go on after a crash, and runs
the model's programs unprotected in its own process.
"""

import copy
import json
import random
import re
import signal
import sys
import time
import warnings

import torch
from demo_model import Llama, sample, tensors
from tokenizers import Tokenizer

MOST_ROWS = 256
REWARD_OF_WRONG = 0.1


def main():
    job = json.load(open(sys.argv[1]))
    torch.set_num_threads(job["threads"])
    torch.set_num_interop_threads(1)
    run = Run(job)
    answer({"torch": torch.__version__})
    for _ in sys.stdin:
        started = time.perf_counter()
        figures = run.whole()
        answer({"seconds": time.perf_counter() - started, **figures})


class Run:
    def __init__(self, job):
        self.job, self.spec = job, job["spec"]
        self.train, self.validation, self.test = [read_lines(job[name]) for name in ("train", "validation", "test")]
        self.tokenizer = Tokenizer.from_file(job["tokenizer"])
        self.random = random.Random(self.spec["seed"])
        self.seconds = {}

    def whole(self):
        torch.manual_seed(self.spec["seed"])
        model = Llama(self.job["config"], self.job["parameters"])
        first_loss = self.supervised(model, self.spec["warmUp"])
        warm_up = copy.deepcopy(model)
        best = self.validate(warm_up)
        sft = self.timed("sft", self.sft, copy.deepcopy(warm_up), best)
        policy = self.timed("ppo", self.ppo, warm_up, best)
        judge = self.timed("reward model", self.reward_model, warm_up, policy) if self.spec["rewardModel"] else None
        evaluate = lambda one: self.timed("evaluation", self.evaluate, one, judge)
        return {
            "warmUp": evaluate(warm_up),
            "sft": evaluate(sft),
            "reft": evaluate(policy),
            "firstLoss": first_loss,
            "phases": self.seconds,
        }

    def timed(self, phase, work, *given):
        started = time.perf_counter()
        result = work(*given)
        self.seconds[phase] = self.seconds.get(phase, 0) + time.perf_counter() - started
        return result

    def supervised(self, model, settings, after_epoch=None):
        """Cross-entropy on annotated answers; returns the mean loss of the first epoch."""
        size, optimiser = settings["batchSize"], Optimiser(model, settings["optimiser"])
        total = settings["epochs"] * -(-len(self.train) // size)
        losses = []
        for epoch in range(settings["epochs"]):
            order = self.random.sample(self.train, len(self.train))
            for start in range(0, len(order), size):
                ids, mask = tensors([(one["promptTokens"], one["answerTokens"]) for one in order[start : start + size]])
                log_probs = model.answer_log_probs(ids, mask)[0]
                loss = -log_probs.mean()
                optimiser.step(loss, total)
                if epoch == 0:
                    losses.append(loss.item())
            if after_epoch:
                after_epoch()
        return sum(losses) / len(losses)

    def sft(self, model, best):
        kept = [best, copy.deepcopy(model)]

        def keep():
            accuracy = self.validate(model)
            if accuracy >= kept[0]:
                kept[:] = [accuracy, copy.deepcopy(model)]

        self.supervised(model, self.spec["sft"], keep)
        return kept[1]

    def ppo(self, warm_up, best):
        settings, every = self.spec["ppo"], self.spec["evaluation"]["everyRounds"]
        model, kept = copy.deepcopy(warm_up), copy.deepcopy(warm_up)
        model.add_value_head()
        rounds_an_epoch = -(-len(self.train) // settings["questionsPerRound"])
        rounds = settings["epochs"] * rounds_an_epoch
        optimiser, order = Optimiser(model, settings["optimiser"]), []
        for done in range(1, rounds + 1):
            if not order:
                order = self.random.sample(self.train, len(self.train))
            count = -(-len(order) // (rounds_an_epoch - (done - 1) % rounds_an_epoch))
            questions, order = order[:count], order[count:]
            answers, rewards = self.answer(model, questions, 1)
            self.update(model, warm_up, optimiser, rounds, questions, answers, rewards)
            if done % every == 0 or done == rounds:
                accuracy = self.validate(model)
                if accuracy >= best:
                    best, kept = accuracy, copy.deepcopy(model)
        return kept

    def update(self, model, reference, optimiser, rounds, questions, answers, rewards):
        """One round of PPO: KL-penalised rewards, GAE, whitening, clipped policy and value losses."""
        settings = self.spec["ppo"]
        pairs = [(question["promptTokens"], answer) for question, answer in zip(questions, answers)]
        ids, mask = tensors(pairs)
        with torch.inference_mode():
            old, old_values = model.answer_log_probs(ids, mask, values=True)
            penalty = settings["klCoefficient"] * (old - reference.answer_log_probs(ids, mask)[0])
        # As rows of answer tokens, their ends aligned: padding lies in front.
        lengths = torch.tensor([len(answer) for answer in answers])
        longest = int(lengths.max())
        valid = torch.arange(longest)[None] >= longest - lengths[:, None]
        grid = torch.zeros(valid.shape)
        values, gains = grid.masked_scatter(valid, old_values), grid.masked_scatter(valid, -penalty)
        gains[:, -1] += torch.tensor(rewards)
        advantages, following, carried = torch.zeros_like(gains), torch.zeros(len(answers)), torch.zeros(len(answers))
        for token in reversed(range(longest)):
            delta = gains[:, token] + settings["gamma"] * following - values[:, token]
            carried = delta + settings["gamma"] * settings["lambda"] * carried
            advantages[:, token], following = carried, values[:, token]
        returns = advantages + values
        flat = advantages[valid]
        advantages = (advantages - flat.mean()) / (flat.var() + 1e-8).sqrt()
        old, old_values = grid.masked_scatter(valid, old), values
        clip, value_clip, size = settings["clipRange"], settings["valueClipRange"], settings["miniBatch"]
        steps = rounds * settings["ppoEpochs"] * -(-len(pairs) // size)
        for _ in range(settings["ppoEpochs"]):
            for batch in torch.randperm(len(pairs)).split(size):
                some = valid[batch]
                ids, mask = tensors([pairs[index] for index in batch.tolist()])
                log_probs, value = model.answer_log_probs(ids, mask, values=True)
                of = lambda rows: rows[batch][some]
                weights = (some / (lengths[batch, None] * len(batch)))[some]
                ratio, gain = (log_probs - of(old)).exp(), of(advantages)
                policy = torch.maximum(-gain * ratio, -gain * ratio.clamp(1 - clip, 1 + clip))
                near = of(old_values) + (value - of(old_values)).clamp(-value_clip, value_clip)
                error = torch.maximum((value - of(returns)) ** 2, (near - of(returns)) ** 2)
                loss = (policy * weights).sum() + settings["valueCoefficient"] * 0.5 * (error * weights).sum()
                optimiser.step(loss, steps)

    def reward_model(self, warm_up, policy):
        settings = self.spec["rewardModel"]
        labelled = {}
        for model in (warm_up, policy):
            answers, rewards = self.answer(model, self.train, settings["samplesPerQuestion"])
            asked = repeat(self.train, settings["samplesPerQuestion"])
            for question, tokens, reward in zip(asked, answers, rewards):
                labelled[(question["id"], tuple(tokens))] = (question["promptTokens"], tokens, reward == 1)
        judge = copy.deepcopy(warm_up)
        judge.add_reward_head()
        samples, size, optimiser = list(labelled.values()), settings["batchSize"], Optimiser(judge, settings["optimiser"])
        total = settings["epochs"] * -(-len(samples) // size)
        for _ in range(settings["epochs"]):
            order = self.random.sample(samples, len(samples))
            for start in range(0, len(order), size):
                batch = order[start : start + size]
                logits = judge.class_logits([prompt + tokens for prompt, tokens, _ in batch])
                loss = torch.nn.functional.cross_entropy(logits, torch.tensor([int(right) for *_, right in batch]))
                optimiser.step(loss, total)
        return judge

    def evaluate(self, model, judge):
        """Percent right of the test questions: greedily, by votes, and by the reward model's choice."""
        count = self.spec["evaluation"]["samplesPerQuestion"]
        greedy = self.accuracy(self.answer(model, self.test, None)[1])
        answers, rewards, values = self.answer(model, self.test, count, with_values=True)
        probabilities = [0.0] * len(answers)
        if judge:
            rows = [one["promptTokens"] + tokens for one, tokens in zip(repeat(self.test, count), answers)]
            by_length = sorted(range(len(rows)), key=lambda index: len(rows[index]))
            with torch.inference_mode():
                for start in range(0, len(rows), MOST_ROWS):
                    places = by_length[start : start + MOST_ROWS]
                    for place, logits in zip(places, judge.class_logits([rows[place] for place in places]).tolist()):
                        probabilities[place] = logits[1] - logits[0]
        voted = reranked = 0
        for start in range(0, len(answers), count):
            places = [place for place in range(start, start + count) if values[place] is not None]
            if not places:
                continue
            votes = [sum(abs(values[other] - values[place]) <= 0.01 for other in places) for place in places]
            voted += rewards[places[votes.index(max(votes))]] == 1
            reranked += rewards[max(places, key=lambda place: probabilities[place])] == 1
        of = lambda right: 100 * right / len(self.test)
        return {"greedy": greedy, "voting": of(voted), "reranking": of(reranked)}

    def validate(self, model):
        return self.accuracy(self.answer(model, self.validation, None)[1])

    def accuracy(self, rewards):
        return 100 * sum(reward == 1 for reward in rewards) / len(rewards)

    def answer(self, model, questions, samples, with_values=False):
        """Answers to each question (greedily where samples is None) with their rewards, question by question."""
        asked = repeat(questions, samples or 1)
        # Prompts of about the same length together: less padding.
        order = sorted(range(len(asked)), key=lambda index: len(asked[index]["promptTokens"]))
        answers = [None] * len(asked)
        limit, ends = self.spec["generation"]["maxAnswerTokens"], self.job["endTokens"]
        for start in range(0, len(order), MOST_ROWS):
            places = order[start : start + MOST_ROWS]
            prompts = [asked[place]["promptTokens"] for place in places]
            for place, tokens in zip(places, sample(model, prompts, limit, ends, greedy=samples is None)):
                answers[place] = tokens
        texts = self.tokenizer.decode_batch([[token for token in one if token not in ends] for one in answers])
        values = [run_program(text) for text in texts]
        rewards = [
            0.0 if value is None else 1.0 if abs(value - one["answerValue"]) <= 0.01 else REWARD_OF_WRONG
            for value, one in zip(values, asked)
        ]
        return (answers, rewards, values) if with_values else (answers, rewards)


class Optimiser:
    """AdamW, matrices decayed, with clipping and the schedule of the learning rate."""

    def __init__(self, model, settings):
        self.settings, self.done, self.parameters = settings, 0, list(model.parameters())
        options = {"lr": 0.0, "betas": (settings["beta1"], settings["beta2"]), "eps": settings["epsilon"], "fused": True}
        matrices = [one for one in self.parameters if one.dim() > 1]
        vectors = [one for one in self.parameters if one.dim() == 1]
        groups = [{"params": matrices, "weight_decay": settings["weightDecay"]}, {"params": vectors, "weight_decay": 0.0}]
        self.adamw = torch.optim.AdamW([group for group in groups if group["params"]], **options)

    def step(self, loss, total):
        rate, warm = self.settings["learningRate"], self.settings["warmUpSteps"]
        if self.done < warm:
            rate *= (self.done + 1) / warm
        elif self.settings["schedule"] == "linear":
            rate *= 1 - (self.done - warm) / max(1, total - warm)
        for group in self.adamw.param_groups:
            group["lr"] = rate
        self.adamw.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, self.settings["maxGradNorm"])
        self.adamw.step()
        self.done += 1


def run_program(body):
    """The value of `solution()` as a float; None where there is none. Two seconds at most."""
    if re.search(r"\bimport\b|__", body):
        return None
    names = {}
    signal.setitimer(signal.ITIMER_REAL, 2)
    try:
        exec("def solution():\n" + body, names)
        value = float(names["solution"]())
        return value if abs(value) < float("inf") else None
    except Exception:
        return None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def too_slow(*_):
    raise TimeoutError


def repeat(items, times):
    return [item for item in items for _ in range(times)]


def read_lines(path):
    with open(path) as file:
        return [json.loads(line) for line in file]


def answer(fields):
    print(json.dumps(fields), flush=True)


if __name__ == "__main__":
    # What models write often looks odd to Python.
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, too_slow)
    main()
