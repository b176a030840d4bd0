/** The text of an answer while its tokens come: what of it may be sent, and where a stop string ends it. Pure. */

/** A token as text: what it added to the answer's. */
export interface Piece {
  readonly text: string;
  /** Where its text begins in the answer's, in UTF-16 units. */
  readonly offset: number;
  readonly logProb: number;
}

export interface TextStream {
  /** Takes the answer's tokens so far, one more than before. */
  push(tokens: readonly number[], logProb: number): void;
  /** What has become certain since it was last asked: text, and the tokens behind it. */
  take(): { readonly text: string; readonly pieces: readonly Piece[] };
  /** No token comes any more: what was held back is certain now. */
  end(): void;
  /** Whether a stop string has been met: it and what follows are no part of the text. */
  readonly isStopped: boolean;
}

/** What a decoder writes for a character of which some bytes are still to come. */
const incomplete = '\uFFFD';

/** @param decode the text of tokens, the end token being none of it */
export function createTextStream(decode: (tokens: readonly number[]) => string, stops: readonly string[]): TextStream {
  let text = '';
  let certain = 0;
  let taken = 0;
  let isStopped = false;
  const pieces: Piece[] = [];
  let piecesTaken = 0;
  return {
    get isStopped() {
      return isStopped;
    },
    push(tokens, logProb) {
      const before = text.length;
      text = decode(tokens);
      const found = stops.map((stop) => text.indexOf(stop)).filter((index) => index >= 0);
      pieces.push({ text: text.slice(before), offset: before, logProb });
      if (found.length > 0) {
        isStopped = true;
        text = text.slice(0, Math.min(...found));
        certain = text.length;
        while ((pieces.at(-1)?.offset ?? 0) > certain) pieces.pop();
        return;
      }
      certain = Math.max(certain, text.length - heldBack(text, stops));
    },
    take() {
      const some = { text: text.slice(taken, certain), pieces: pieces.slice(piecesTaken) };
      taken = Math.max(taken, certain);
      piecesTaken = Math.max(piecesTaken, pieces.length);
      return some;
    },
    end() {
      certain = text.length;
    },
  };
}

/** How many of the last characters may turn out to be something else: the beginning of a stop string, or half a character. */
function heldBack(text: string, stops: readonly string[]): number {
  let most = 0;
  while (text.endsWith(incomplete, text.length - most)) most++;
  for (const stop of stops)
    for (let length = Math.min(stop.length - 1, text.length); length > most; length--)
      if (text.endsWith(stop.slice(0, length))) most = length;
  return most;
}
