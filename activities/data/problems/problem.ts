/** Draws one word problem: its story, its sentences and the arithmetic behind them. */
import { required } from '../../invariant.js';
import { createDraws, type Draws } from './draws.js';
import { type Expression, type Given, givensOf, infix, step, stepsOf } from './expression.js';
import {
  type AskKind,
  askPhrases,
  distractorPhrases,
  type EventKind,
  eventPhrases,
  objects,
  people,
  type StartKind,
  startPhrases,
} from './phrases.js';

export interface Problem {
  readonly question: string;
  readonly things: string;
  readonly expression: Expression;
}

interface Range {
  readonly low: number;
  readonly high: number;
}

/** The numbers of a problem. */
interface Ranges {
  /** Every number in the text lies in this range … */
  readonly given: Range;
  /** … and what each step leaves in this one. */
  readonly value: Range;
}

function rangesUpTo(largest: number): Ranges {
  return { given: { low: 2, high: largest }, value: { low: 1, high: Math.min(largest ** 2, 999) } };
}

/** What happens, before any number or word is chosen. */
interface Story {
  readonly start: StartKind;
  readonly events: readonly EventKind[];
  readonly ask: AskKind;
}

/** The problem with number `candidate` in the stream of `seed`; no number in its text is above `largest`. */
export function drawProblem(seed: number, candidate: number, largest: number): Problem {
  const draws = createDraws(seed, candidate, 'story');
  const story = drawStory(draws);
  const ranges = rangesUpTo(largest);
  const expression = drawNumbers(story, ranges, draws);
  const things = draws.pick(objects);
  return { question: writeQuestion(story, expression, things, ranges.given, draws), things, expression };
}

/** What two problems must share to count as the same one: the computation, whoever it is about and however it is told. */
export function canonicalForm(problem: Problem): string {
  return infix(problem.expression, (given) => String(given.value));
}

/** 1 to 3 steps of reasoning (weights .3/.4/.3), shared out among the start, the events and what is asked. */
function drawStory(draws: Draws): Story {
  const steps = draws.pick([1, 1, 1, 2, 2, 2, 2, 3, 3, 3]);
  for (;;) {
    const start: StartKind = draws.chance(0.3) ? 'boxes' : 'has';
    const ask: AskKind = draws.pick(['total', 'total', 'share', 'price']);
    const left = steps - (start === 'boxes' ? 1 : 0) - (ask === 'total' ? 0 : 1);
    if (left >= 0) return { start, events: drawEvents(left, draws), ask };
  }
}

/** Events worth `steps` steps: one each, or two where groups of things come or go. */
function drawEvents(steps: number, draws: Draws): EventKind[] {
  if (steps === 0) return [];
  const grouped = steps >= 2 && draws.chance(0.25);
  const gains = draws.chance(0.5);
  const event: EventKind = grouped ? (gains ? 'addGroups' : 'subtractGroups') : gains ? 'add' : 'subtract';
  return [event, ...drawEvents(steps - (grouped ? 2 : 1), draws)];
}

/** Numbers for a story, drawn again until every step stays in range and every division is exact. */
function drawNumbers(story: Story, { given, value: range }: Ranges, draws: Draws): Expression {
  for (;;) {
    const expression = tryNumbers(story, given, draws);
    const inRange = ({ value }: Expression): boolean => value >= range.low && value <= range.high;
    if (expression !== null && stepsOf(expression).every(inRange)) return expression;
  }
}

function tryNumbers(story: Story, range: Range, draws: Draws): Expression | null {
  let count = 0;
  const given = (value = draws.integer(range.low, range.high)): Given => ({
    kind: 'given',
    index: count++,
    value,
  });
  let now: Expression = given();
  if (story.start === 'boxes') now = step('boxes', now, '*', given());
  for (const event of story.events) {
    const gains = event === 'add' || event === 'addGroups';
    const single = event === 'add' || event === 'subtract';
    now = step('now', now, gains ? '+' : '-', single ? given() : step('groups', given(), '*', given()));
  }
  if (story.ask === 'price') return step('price', now, '*', given());
  if (story.ask === 'total') return now;
  const divisor = drawDivisor(now.value, range, draws);
  return divisor === null ? null : step('share', now, '//', given(divisor));
}

/** A divisor of `value` that may stand in the text and leaves each part at least two things; null if there is none. */
function drawDivisor(value: number, { low, high }: Range, draws: Draws): number | null {
  const divisors: number[] = [];
  for (let divisor = low; divisor <= Math.min(high, value / 2); divisor++)
    if (value % divisor === 0) divisors.push(divisor);
  return divisors.length === 0 ? null : draws.pick(divisors);
}

function writeQuestion(
  story: Story,
  expression: Expression,
  things: string,
  { low, high }: Range,
  draws: Draws,
): string {
  const person = draws.pick(people);
  const sentences = [
    draws.pick(startPhrases[story.start]),
    ...story.events.map((event) => draws.pick(eventPhrases[event])),
    draws.pick(askPhrases[story.ask]),
  ];
  const values = givensOf(expression).map((given) => String(given.value));
  const told = sentences.map((sentence) =>
    sentence.replace(/\{\d\}/g, () => required(values.shift(), 'a number for each place in the text')),
  );
  // A distractor comes after the start, so that the story still opens with the person it is about.
  if (draws.chance(0.2)) {
    const number = String(draws.integer(low, high));
    told.splice(draws.integer(1, told.length - 1), 0, draws.pick(distractorPhrases).replace('{1}', number));
  }
  const words: Readonly<Record<string, string>> = {
    Name: person.name,
    he: person.pronoun,
    He: person.pronoun === 'he' ? 'He' : 'She',
    things,
    Other: draws.pick(people.filter((other) => other !== person)).name,
    otherThings: draws.pick(objects.filter((other) => other !== things)),
  };
  return told.join(' ').replace(/\{(\w+)\}/g, (slot, word: string) => words[word] ?? slot);
}
