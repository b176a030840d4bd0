/**
 * Byte-pair merges: again and again the most frequent pair of neighbouring symbols becomes a symbol of its own
 * (Sennrich et al., ACL 2016). Ties go to the pair of smaller ids, as in Hugging Face's trainer, so results agree with it.
 */

import { Heap } from 'heap-js';
import { at } from '../../invariant.js';

export interface Word {
  /** Symbol ids; shrinks as pairs merge. */
  symbols: number[];
  readonly count: number;
}

export interface Merge {
  readonly left: number;
  readonly right: number;
}

interface Pair extends Merge {
  count: number;
  /** Indices of the words that had the pair when it was last seen in them. */
  readonly words: Set<number>;
}

/** A pair with the count it had when queued; stale entries are queued again with their present count. */
interface Queued {
  readonly pair: Pair;
  readonly count: number;
}

/**
 * Up to `limit` merges over `words`, in order; fewer when no pair occurs twice. Merge number i makes symbol
 * `firstSymbol + i`.
 */
export function mergePairs(
  words: readonly Word[],
  firstSymbol: number,
  limit: number,
  onProgress: (done: number, total: number) => void = () => undefined,
): readonly Merge[] {
  const pairs = new Map<string, Pair>();
  const touched = new Set<Pair>();
  const adjust = (left: number, right: number, word: number, change: number): void => {
    const key = `${left} ${right}`;
    const pair = pairs.get(key) ?? { left, right, count: 0, words: new Set() };
    pairs.set(key, pair);
    pair.count += change;
    if (change > 0) pair.words.add(word);
    touched.add(pair);
  };
  const countWord = ({ symbols, count }: Word, index: number, sign: 1 | -1): void => {
    for (const [place, left] of symbols.entries()) {
      const right = symbols[place + 1];
      if (right !== undefined) adjust(left, right, index, sign * count);
    }
  };
  const queue = new Heap<Queued>(
    (a, b) => b.count - a.count || a.pair.left - b.pair.left || a.pair.right - b.pair.right,
  );
  const enqueueTouched = (): void => {
    for (const pair of touched) if (pair.count > 1) queue.push({ pair, count: pair.count });
    touched.clear();
  };

  for (const [index, word] of words.entries()) countWord(word, index, 1);
  enqueueTouched();

  const merges: Merge[] = [];
  while (merges.length < limit) {
    const best = queue.pop();
    if (best === undefined) break;
    const { pair } = best;
    if (best.count !== pair.count) continue;
    const merged = firstSymbol + merges.length;
    merges.push({ left: pair.left, right: pair.right });
    onProgress(merges.length, limit);
    for (const index of pair.words) {
      const word = at(words, index);
      countWord(word, index, -1);
      word.symbols = mergeIn(word.symbols, pair, merged);
      countWord(word, index, 1);
    }
    enqueueTouched();
  }
  return merges;
}

function mergeIn(symbols: readonly number[], { left, right }: Merge, merged: number): number[] {
  const result: number[] = [];
  for (let place = 0; place < symbols.length; place++) {
    const symbol = at(symbols, place);
    if (symbol === left && symbols[place + 1] === right) {
      result.push(merged);
      place++;
    } else result.push(symbol);
  }
  return result;
}
