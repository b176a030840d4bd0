/** What of an answer's text may be sent while its tokens come. */
import { describe, expect, it } from 'vitest';
import { createTextStream, type Piece } from '../../../workers/serving/textStream.js';

/** Tokens that stand for UTF-8 bytes. */
const decode = (tokens: readonly number[]): string => Buffer.from(tokens).toString();

function stream(text: string, stops: readonly string[]) {
  const tokens = [...Buffer.from(text)];
  const parts = createTextStream(decode, stops);
  const sent: string[] = [];
  const pieces: Piece[] = [];
  const take = (): void => {
    const taken = parts.take();
    sent.push(taken.text);
    pieces.push(...taken.pieces);
  };
  for (let count = 1; count <= tokens.length && !parts.isStopped; count++) {
    parts.push(tokens.slice(0, count), -count);
    take();
  }
  if (!parts.isStopped) parts.end();
  take();
  return { sent, pieces, isStopped: parts.isStopped };
}

describe('the text of an answer', () => {
  it('is sent token by token', () => {
    const { sent, pieces, isStopped } = stream('abc', []);
    expect(sent).toEqual(['a', 'b', 'c', '']);
    expect(pieces).toEqual([
      { text: 'a', offset: 0, logProb: -1 },
      { text: 'b', offset: 1, logProb: -2 },
      { text: 'c', offset: 2, logProb: -3 },
    ]);
    expect(isStopped).toBe(false);
  });

  it('ends before a stop string, of which no part is ever sent', () => {
    const { sent, pieces, isStopped } = stream('ab--c-->d', ['-->', 'zz']);
    expect(sent.join('')).toBe('ab--c');
    expect(sent).toEqual(['a', 'b', '', '', '--c', '', '', '', '']);
    expect(isStopped).toBe(true);
    expect(pieces.map(({ text }) => text).join('')).toMatch(/^ab--c/);
  });

  it('ends at the first of several stop strings', () => {
    expect(stream('one two', ['two', 'ne']).sent.join('')).toBe('o');
    expect(stream('one two', ['o']).sent.join('')).toBe('');
  });

  it('sends at the end what might have become a stop string', () => {
    expect(stream('ab--', ['-->']).sent).toEqual(['a', 'b', '', '', '--']);
  });

  it('sends a character when all of its bytes are there', () => {
    expect(stream('aé😀', []).sent).toEqual(['a', '', 'é', '', '', '', '😀', '']);
    expect(stream('é', ['é']).sent.join('')).toBe('');
  });
});
