/** Worked questions in the manner of GSM8K: two to five steps of arithmetic about everyday life. */
import type { Worked } from './worked.js';

export const gsm8kExamples: readonly Worked[] = [
  {
    question:
      'A farmer collects 6 crates of apples with 40 apples in each. A tenth of the apples are bruised, and he sells the others for $0.50 each. How many dollars does he earn?',
    chain:
      'He collects 6 * 40 = 240 apples.\nA tenth of them, 240 / 10 = 24 apples, are bruised.\nHe sells 240 - 24 = 216 apples.\nAt $0.50 each he earns 216 * 0.5 = 108 dollars.',
    value: '108',
    program: [
      'crates = 6',
      'apples_per_crate = 40',
      'apples = crates * apples_per_crate',
      'bruised = apples / 10',
      'sold = apples - bruised',
      'price = 0.5',
      'earned = sold * price',
      'result = earned',
    ],
  },
  {
    question:
      'Lena is 4 years older than twice the age of her brother. In 5 years the two will be 44 years old together. How old is her brother now?',
    chain:
      'Now the two are 44 - 5 - 5 = 34 years old together.\nIf her brother is b, then b + 2 * b + 4 = 34, so 3 * b = 30.\nHer brother is 30 / 3 = 10 years old.',
    value: '10',
    program: [
      'together_then = 44',
      'together_now = together_then - 2 * 5',
      'older_by = 4',
      'brother = (together_now - older_by) / 3',
      'result = brother',
    ],
  },
  {
    question:
      'A train ride of 3 hours at 80 kilometers an hour is followed by a bus ride of 90 minutes at 60 kilometers an hour. How many kilometers is the whole way?',
    chain:
      'By train it is 3 * 80 = 240 kilometers.\n90 minutes are 90 / 60 = 1.5 hours.\nBy bus it is 1.5 * 60 = 90 kilometers.\nThe whole way is 240 + 90 = 330 kilometers.',
    value: '330',
    program: [
      'train_hours = 3',
      'train_speed = 80',
      'bus_hours = 90 / 60',
      'bus_speed = 60',
      'distance = train_hours * train_speed + bus_hours * bus_speed',
      'result = distance',
    ],
  },
  {
    question:
      'A coat costs $120. It is reduced by 25 %, and with a card of the shop by a further $10. Nora has saved $50. How many dollars does she still need for the coat with her card?',
    chain:
      'The reduction is 120 * 25 / 100 = 30 dollars, so the coat costs 120 - 30 = 90 dollars.\nWith the card it costs 90 - 10 = 80 dollars.\nNora still needs 80 - 50 = 30 dollars.',
    value: '30',
    program: [
      'price = 120',
      'reduced = price - price * 25 / 100',
      'with_card = reduced - 10',
      'saved = 50',
      'needed = with_card - saved',
      'result = needed',
    ],
  },
];
