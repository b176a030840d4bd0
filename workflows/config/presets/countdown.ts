/** The preset `countdown`: number puzzles, judged by a verifier in Python since several answers are right. */
import type { SpecPreset } from '../spec.js';
import { demo, onlineOptimiser } from './demo.js';

/** As a user would write it; in a specification of one's own it would be a file. */
const verifier = String.raw`"""Judges an expression such as (3 + 9) * 5: it must use each given number exactly once and reach the target."""
import ast
import re
from fractions import Fraction

OPERATIONS = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}


def value_of(node, numbers):
    """The exact value of an expression. Each number that it uses is taken out of the list of those that are left."""
    if isinstance(node, ast.Constant) and node.value in numbers:
        numbers.remove(node.value)
        return Fraction(node.value)
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATIONS:
        return OPERATIONS[type(node.op)](value_of(node.left, numbers), value_of(node.right, numbers))
    raise ValueError("no expression of the given numbers")


def reward(example, response):
    target, *numbers = map(int, re.findall(r"\d+", example["question"]))
    stated = re.search(r"(?:result = |the answer is: )(.+)", response)
    if stated is None:
        return {"reward": 0, "value": None, "failure": "no-expression", "parts": {"legal": 0}}
    try:
        value = value_of(ast.parse(stated[1].strip(), mode="eval").body, numbers)
    except (SyntaxError, ValueError, ZeroDivisionError):
        return {"reward": 0, "value": None, "failure": "illegal", "parts": {"legal": 0}}
    if numbers:
        return {"reward": 0, "value": None, "failure": "numbers-left", "parts": {"legal": 0}}
    return {"reward": 1 if value == target else 0.1, "value": float(value), "parts": {"legal": 1}}
`;

export const countdown = {
  ...demo,
  title: 'Countdown: number puzzles with a verifier in Python',
  data: { source: 'countdown', largestNumber: 9, docstring: false, train: 4_000, test: 1_000, validation: 200 },
  reward: { name: 'python', source: verifier },
  model: { ...demo.model, maxPositions: 64 },
  generation: { maxAnswerTokens: 20, questionsPerShard: 250 },
  warmUp: { ...demo.warmUp, epochs: 8 },
  // About as much training as PPO has with its rollouts.
  sft: { ...demo.sft, epochs: 16 },
  ppo: { ...demo.ppo, epochs: 6, questionsPerRound: 500, optimiser: onlineOptimiser },
  rewardModel: null,
} satisfies SpecPreset;
