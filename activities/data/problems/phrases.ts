/**
 * The words of the problems: people, objects and a few phrasings for each thing that can happen.
 *
 * Kept small on purpose, so that a model of 100,000 parameters can learn it from 1,000 questions. Objects close their
 * sentence wherever a number stands before them, so that a word-level tokenizer needs few variants of each word.
 */

export interface Person {
  readonly name: string;
  readonly pronoun: 'he' | 'she';
}

export const people: readonly Person[] = [
  ...['Tom', 'Ben', 'Max', 'Leo', 'Sam', 'Jack', 'Paul', 'Omar'].map((name) => ({ name, pronoun: 'he' }) as const),
  ...['Amy', 'Eva', 'Mia', 'Zoe', 'Lily', 'Rosa', 'Nina', 'Kate'].map((name) => ({ name, pronoun: 'she' }) as const),
];

export const objects: readonly string[] = [
  'apples',
  'books',
  'cards',
  'coins',
  'cups',
  'eggs',
  'marbles',
  'pears',
  'pens',
  'shells',
  'stamps',
  'toys',
];

export type StartKind = 'has' | 'boxes';
export type EventKind = 'add' | 'subtract' | 'addGroups' | 'subtractGroups';
export type AskKind = 'total' | 'share' | 'price';

/** `{1}` and `{2}` are the sentence's numbers in reading order; the other slots name people and objects. */
export const startPhrases: Readonly<Record<StartKind, readonly string[]>> = {
  has: ['{Name} has {1} {things}.'],
  boxes: ['{Name} has {1} boxes of {2} {things}.'],
};

export const eventPhrases: Readonly<Record<EventKind, readonly string[]>> = {
  add: ['{He} buys {1} more.', '{He} finds {1} more.', 'Then {he} gets {1} more.', 'A friend brings {1} more.'],
  subtract: ['{He} loses {1}.', '{He} gives away {1}.', 'Then {1} are lost.', 'A friend takes {1}.'],
  addGroups: ['{He} buys {1} bags of {2}.', '{He} finds {1} bags of {2}.'],
  subtractGroups: ['{He} loses {1} bags of {2}.', '{He} gives {1} friends {2} each.'],
};

export const askPhrases: Readonly<Record<AskKind, readonly string[]>> = {
  total: ['How many {things} does {he} have now?', 'How many {things} are there now?'],
  share: [
    '{He} packs them in {1} bags. How many are in each?',
    '{He} shares them with {1} friends. How many does each get?',
  ],
  price: ['{He} sells each for {1} dollars. How much does {he} get?', 'Each costs {1} dollars. How much do they cost?'],
};

/** Numbers that have nothing to do with the question. */
export const distractorPhrases: readonly string[] = [
  '{Other} has {1} {otherThings}.',
  '{He} also has {1} {otherThings}.',
  '{He} is {1} years old.',
];
