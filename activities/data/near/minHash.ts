/**
 * MinHash with banding (Broder, 1997; Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, chapter 3): finds, among many sets, those
 * that share most of their members with a given one, without comparing it with each.
 *
 * Our own, since the packages there are for Node have had no release for years and draw their hash functions anew in each process: what
 * is found must be the same every time.
 */
import { at } from '../../invariant.js';

/** Hash functions of a signature, and how many of them make a band. Sets of similarity s share a band with probability 1 - (1 - s^4)^24: .9998 at .75. */
const hashes = 96;
const bandRows = 4;

/** A set's members as 32-bit hashes, each once, in ascending order. */
export type HashedSet = Uint32Array;

/** FNV-1a, 32 bits. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return mixed(hash);
}

export function hashedSet(members: Iterable<string>): HashedSet {
  const distinct = new Set<number>();
  for (const member of members) distinct.add(hashText(member));
  return Uint32Array.from(distinct).sort();
}

/** The share of members in both of those in either (Jaccard); 1 for two empty sets. */
export function similarity(a: HashedSet, b: HashedSet): number {
  let shared = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [left, right] = [at(a, i), at(b, j)];
    if (left === right) shared += 1;
    if (left <= right) i += 1;
    if (right <= left) j += 1;
  }
  const all = a.length + b.length - shared;
  return all === 0 ? 1 : shared / all;
}

export interface SimilarSets {
  add(set: HashedSet): void;
  /** Places of the sets added so far that share a band with this one: candidates, in ascending order. */
  candidates(set: HashedSet): readonly number[];
}

export function createSimilarSets(): SimilarSets {
  const bands = Array.from({ length: hashes / bandRows }, () => new Map<number, number[]>());
  let count = 0;
  return {
    add(set) {
      for (const [band, key] of bandKeys(set).entries()) {
        const table = at(bands, band);
        const places = table.get(key);
        if (places) places.push(count);
        else table.set(key, [count]);
      }
      count += 1;
    },
    candidates(set) {
      const found = new Set<number>();
      for (const [band, key] of bandKeys(set).entries())
        for (const place of at(bands, band).get(key) ?? []) found.add(place);
      return [...found].sort((a, b) => a - b);
    },
  };
}

/** One number a band: equal where the least members under its hash functions are. */
function bandKeys(set: HashedSet): Uint32Array {
  const keys = new Uint32Array(hashes / bandRows);
  for (let band = 0; band < keys.length; band++) {
    let key = band;
    for (let row = 0; row < bandRows; row++) {
      const seed = Math.imul(band * bandRows + row + 1, 0x9e3779b1);
      let least = 0xffffffff;
      for (const member of set) {
        const hash = mixed(member ^ seed);
        if (hash < least) least = hash;
      }
      key = mixed(key ^ least);
    }
    keys[band] = key;
  }
  return keys;
}

/** The end of MurmurHash3, which spreads 32 bits over 32 bits one to one. */
function mixed(bits: number): number {
  let hash = bits;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
