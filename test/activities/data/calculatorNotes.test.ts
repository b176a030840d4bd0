/** Programs of calculator notes, on chains typed after GSM8K's. */
import { describe, expect, it } from 'vitest';
import { noteLines } from '../../../activities/data/rows/calculatorNotes.js';

function made(chain: string, answer: number, question = ''): readonly string[] | string {
  const result = noteLines(question, chain, answer);
  return 'problem' in result ? result.problem : result.lines;
}

describe('calculator notes', () => {
  it('are assignments, named after what they count, each to the ones before', () => {
    const chain = [
      'Ana baked 3*12=<<3*12=36>>36 rolls in the morning.',
      'She sold 36/2 = $<<36/2=18>>18 worth.',
      'So 36-18 = <<36-18=18>>18 rolls are left.',
    ].join('\n');
    expect(made(chain, 18)).toEqual([
      'rolls_in_morning = 3 * 12',
      'worth = rolls_in_morning / 2',
      'rolls_left = rolls_in_morning - worth',
      'result = rolls_left',
    ]);
  });

  it('take the words before where none follow, and tell the same words apart', () => {
    expect(
      made('The tickets cost 4*5=$<<4*5=20>>20.\nThe drinks cost 2*5=$<<2*5=10>>10.\nThe drinks cost 30', 10),
    ).toEqual(['tickets_cost = 4 * 5', 'drinks_cost = 2 * 5', 'result = drinks_cost']);
    expect(made('Mia has 2+3=<<2+3=5>>5 pens.\nTom has 5+1=<<5+1=6>>6 pens.\n<<5+6=11>>11 pens', 11)).toEqual([
      'pens = 2 + 3',
      'tom_pens = pens + 1',
      'pens_2 = pens + tom_pens',
      'result = pens_2',
    ]);
    // A word of Python is no name.
    expect(made('<<2+2=4>>4 for', 4)).toEqual(['for_2 = 2 + 2', 'result = for_2']);
  });

  it('keep a number that the question gives, once the computed one is used', () => {
    const chain = '<<6-2=4>>4 apples\n<<4*3=12>>12 pears\n<<4*12=48>>48 plums';
    expect(made(chain, 48, 'Each of four boxes holds …')).toEqual([
      'apples = 6 - 2',
      'pears = apples * 3',
      'plums = 4 * pears',
      'result = plums',
    ]);
    expect(made(chain, 48)).toContain('plums = apples * pears');
  });

  it('read signs, brackets, percentages and thousands as they are written', () => {
    expect(made('<<1,200*(1-20%)=960>>960 euros', 960)[0]).toBe('euros = 1200 * (1 - 20 / 100)');
    expect(made('<<2(3+4)=14>>14 euros', 14)[0]).toBe('euros = 2 * (3 + 4)');
    expect(made('<<10-(4-1)=7>>7 euros', 7)[0]).toBe('euros = 10 - (4 - 1)');
    expect(made('<<100/(5*2)=10>>10 euros', 10)[0]).toBe('euros = 100 / (5 * 2)');
    expect(made('<<3x4÷2=6>>6 euros', 6)[0]).toBe('euros = 3 * 4 / 2');
    expect(made('<<2^3=8>>8 euros', 8)[0]).toBe('euros = 2 ** 3');
    expect(made('<<-5+.5=-4.5>>-4.5 euros', -4.5)[0]).toMatch(/ = -5 \+ 0\.5$/);
    expect(made('<<9//2=4>>4 euros', 4)[0]).toBe('euros = 9 // 2');
  });

  it('round as the chain does', () => {
    expect(made('<<7/2=3>>3 cars', 3)[0]).toBe('cars = math.floor(7 / 2)');
    expect(made('<<7/2=4>>4 cars', 4)[0]).toBe('cars = math.ceil(7 / 2)');
    expect(made('<<10/3=3.33>>3.33 euros', 3.33)[0]).toBe('euros = round(10 / 3, 2)');
    expect(made('<<2/3=0.66>>0.66 euros', 0.66)[0]).toBe('euros = math.floor((2 / 3) * 100) / 100');
    expect(made('He needs <<7/2=3.5>>3.5 boxes, so 4.', 4)).toEqual(['boxes = 7 / 2', 'result = math.ceil(boxes)']);
  });

  it('are joined by sums that stand without a note', () => {
    expect(made('<<4*5=20>>20 pens\nShe keeps 20 - 5 = 15 pens.', 15)).toEqual([
      'pens = 4 * 5',
      'keeps_pens = pens - 5',
      'result = keeps_pens',
    ]);
    expect(made('It is $8 + $2 = $10.', 10)).toEqual(['amount = 8 + 2', 'result = amount']);
  });

  it('say why there is no program', () => {
    expect(made('Let x be the price.', 3)).toBe('chain of thought has no calculator notes');
    expect(made('<<x+2=5>>5', 5)).toBe('a calculator note is no sum');
    expect(made('<<2+3>>5', 5)).toBe('a calculator note is no sum');
    expect(made('<<(2+3=5>>5', 5)).toBe('a calculator note is no sum');
    expect(made('<<2+3=5>>5 pens', 77)).toBe('no calculator note comes to the answer');
  });
});
