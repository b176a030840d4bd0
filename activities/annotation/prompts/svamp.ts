/** Worked questions in the manner of SVAMP: a short story, one or two steps, and a number that may not matter. */
import type { Worked } from './worked.js';

export const svampExamples: readonly Worked[] = [
  {
    question:
      'A baker had 54 rolls in the morning. She sold 29 of them before noon and 8 after. How many rolls does she have left?',
    chain: 'She sold 29 + 8 = 37 rolls. She has 54 - 37 = 17 rolls left.',
    value: '17',
    program: [
      'rolls_baked = 54',
      'rolls_sold = 29 + 8',
      'rolls_left = rolls_baked - rolls_sold',
      'result = rolls_left',
    ],
  },
  {
    question:
      'There are 7 shelves in the shop. Each shelf holds 12 jars of honey and 5 jars of jam. How many jars of honey are there?',
    chain: 'The jam does not matter. 7 shelves with 12 jars of honey each are 7 * 12 = 84 jars of honey.',
    value: '84',
    program: ['shelves = 7', 'honey_per_shelf = 12', 'honey_jars = shelves * honey_per_shelf', 'result = honey_jars'],
  },
  {
    question:
      'Mira read 23 pages on Monday. On Tuesday she read 15 pages more than on Monday. How many pages did she read on Tuesday?',
    chain: 'On Tuesday she read 15 more than the 23 pages of Monday: 23 + 15 = 38 pages.',
    value: '38',
    program: [
      'pages_monday = 23',
      'more_on_tuesday = 15',
      'pages_tuesday = pages_monday + more_on_tuesday',
      'result = pages_tuesday',
    ],
  },
  {
    question: '96 marbles are put into bags of 8 marbles. The bags are given to 3 children. How many bags are there?',
    chain:
      'Each bag takes 8 of the 96 marbles, so there are 96 / 8 = 12 bags. How many children there are does not matter.',
    value: '12',
    program: ['marbles = 96', 'marbles_per_bag = 8', 'bags = marbles / marbles_per_bag', 'result = bags'],
  },
];
