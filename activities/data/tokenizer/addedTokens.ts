/**
 * Where the added tokens of a `tokenizer.json` stand in a text. It follows Hugging Face's Rust implementation (`added_vocabulary.rs`),
 * from which the JavaScript one differs: it knows no `single_word`, and cannot be told to leave special tokens alone.
 */
import type { GivenToken } from './tokenizerFile.js';

/** An added token and the text that stands for it, which a normaliser may have changed. */
export interface Pattern {
  readonly text: string;
  readonly token: GivenToken;
}

/** A part of a text: an added token, or what is between two of them. */
export type Section = { readonly token: number } | { readonly text: string; readonly from: number };

interface Node {
  readonly next: Map<string, Node>;
  pattern?: Pattern;
}

/** Finds patterns: at each place the longest, and after one the next behind it. */
export interface Matcher {
  /** @param shield the character that `shield` puts in: a match before it does not count. */
  split(text: string, shield?: string): Section[];
  /** The text with `character` inside every match, so that there is none left. */
  shield(text: string, character: string): string;
  /** Whether a text holds any of the patterns. */
  finds(text: string): boolean;
}

/** @param counts whether a match is a token; one that does not count hides what lies within it all the same */
export function createMatcher(
  patterns: readonly Pattern[],
  counts: (token: GivenToken) => boolean = () => true,
): Matcher {
  const root: Node = { next: new Map() };
  for (const pattern of patterns) {
    let node = root;
    for (const unit of pattern.text.split('')) {
      const known = node.next.get(unit);
      const child = known ?? { next: new Map() };
      if (known === undefined) node.next.set(unit, child);
      node = child;
    }
    if (node !== root) node.pattern = pattern;
  }

  const longestAt = (text: string, from: number, shield: string | undefined): Pattern | undefined => {
    let found: Pattern | undefined;
    let node: Node | undefined = root;
    for (let place = from; node !== undefined; place++) {
      if (node.pattern !== undefined && (shield === undefined || text[place] !== shield)) found = node.pattern;
      const unit: string | undefined = text[place];
      node = unit === undefined ? undefined : node.next.get(unit);
    }
    return found;
  };

  return {
    split(text, shield) {
      if (patterns.length === 0) return text === '' ? [] : [{ text, from: 0 }];
      const sections: Section[] = [];
      let from = 0;
      for (let place = 0; place < text.length; place++) {
        const pattern = longestAt(text, place, shield);
        if (pattern === undefined) continue;
        const { token } = pattern;
        const end = place + pattern.text.length;
        if (counts(token) && (!token.single_word || standsAlone(text, place, end))) {
          let start = place;
          while (token.lstrip && start > from && isSpace(text[start - 1])) start--;
          // What the token before has taken of its spaces is not there for this one.
          if (token.lstrip) start = Math.max(start, from);
          let stop = end;
          while (token.rstrip && isSpace(text[stop])) stop++;
          if (start > from) sections.push({ text: text.slice(from, start), from });
          if (stop > start) sections.push({ token: token.id });
          from = stop;
        }
        // The next match is looked for behind this one, even among the spaces that it has taken.
        place = end - 1;
      }
      if (from < text.length) sections.push({ text: text.slice(from), from });
      return sections;
    },

    shield(text, character) {
      let shielded = '';
      let place = 0;
      for (const symbol of text) {
        shielded += symbol;
        if (longestAt(text, place, undefined) !== undefined) shielded += character;
        place += symbol.length;
      }
      return shielded;
    },

    finds: (text) =>
      patterns.length > 0 && text.split('').some((_, place) => longestAt(text, place, undefined) !== undefined),
  };
}

/** White space in Unicode's sense: all of it is of one unit each. */
function isSpace(unit: string | undefined): boolean {
  return unit !== undefined && /\p{White_Space}/u.test(unit);
}

/** Letters, digits and what belongs to words, in Unicode's sense (UTS 18, annex C), as Rust's `\w`. */
const wordCharacter = '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]';
const wordBehind = new RegExp(`${wordCharacter}$`, 'u');
const wordAhead = new RegExp(`^${wordCharacter}`, 'u');

function standsAlone(text: string, start: number, end: number): boolean {
  // A character is at most two units long.
  return !wordBehind.test(text.slice(Math.max(0, start - 2), start)) && !wordAhead.test(text.slice(end, end + 2));
}
