/** What failures say is short, whatever they quote. */
import { expect, it } from 'vitest';
import { CorruptObject, InvalidData, InvalidModel, InvalidSpec, isFailure } from '../../activities/errors.js';

const long = 'ä€😀x'.repeat(1_000_000);
const bytesOf = ({ message }: Error): number => Buffer.byteLength(message);

it.each([
  new InvalidModel(long),
  new InvalidData('x'.repeat(3_000)),
  new CorruptObject('key', long, long),
  new InvalidSpec(...new Array<string>(1_000).fill(long)),
])('a message has at most 2,000 bytes, cut between characters', (error) => {
  expect(bytesOf(error)).toBeLessThanOrEqual(2_000);
  expect(bytesOf(error)).toBeGreaterThan(600);
  expect(Buffer.from(error.message).toString()).toBe(error.message);
  expect(isFailure(error)).toBe(true);
});

it('a short message stays as it is, and its cause', () => {
  const cause = new RangeError('why');
  expect(new InvalidModel('x'.repeat(2_000), { cause })).toMatchObject({ message: 'x'.repeat(2_000), cause });
  expect(isFailure(cause)).toBe(false);
});

it('a cause is shortened as well, its name kept', () => {
  const { cause } = new InvalidModel('short', { cause: new SyntaxError(long) });
  expect(cause).toMatchObject({ name: 'SyntaxError' });
  expect(bytesOf(cause as Error)).toBeLessThanOrEqual(2_000);
});
