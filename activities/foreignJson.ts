/**
 * Reads JSON that strangers wrote: files of models, headers of weights, rows of data, answers of scorers, objects of a bucket. One place
 * bounds them all.
 *
 * The text is looked over before it is parsed, without recursion and without memory: JSON.parse takes 40 bytes for each `[` of a text,
 * and what walks through a deep value exhausts the stack. Problems say where the text is wrong, never what it says: an error must not
 * show the content of a file that was read by mistake.
 */

/** Lists and records inside each other. Published files nest some six deep. */
const mostDepth = 64;
/** Of one text. Tables of normalisers and chat templates are the longest, of some 500,000. */
const mostCharacters = 2 ** 21;
/** A list or a record takes some 56 bytes of memory: with one for every 8 characters, memory stays within ten times the text. */
const charactersOfContainer = 8;
/** So many lists and records may always be. */
const fewContainers = 100_000;

export type JsonReading = { readonly value: unknown } | { readonly problem: string };

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @returns the value, or what is wrong, in words that follow a file's name: `is not JSON` */
export function readForeignJson(bytes: Uint8Array, mostBytes: number): JsonReading {
  if (bytes.byteLength > mostBytes)
    return { problem: `is larger than ${mostBytes / 2 ** 20} MiB, the most that is read` };
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return { problem: 'is not JSON: it is not UTF-8' };
  }
  return parseForeignJson(text);
}

/** As `readForeignJson`, of a text whose length is bounded already. */
export function parseForeignJson(text: string, depth: number = mostDepth): JsonReading {
  const problem = lookOver(text, depth);
  if (problem !== null) return { problem };
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    // Where it is wrong; V8 quotes the text besides.
    const [place = ''] = /at position \d+/.exec(error instanceof Error ? error.message : '') ?? [];
    return { problem: `is not JSON${place && `, ${place}`}` };
  }
}

/**
 * The first outermost name of a record that it has twice: JSON.parse keeps the last value without a word.
 * @param bytes of valid JSON
 */
export function repeatedName(bytes: Uint8Array): string | undefined {
  const text = utf8.decode(bytes);
  const seen = new Set<string>();
  let depth = 0;
  let [start, end] = [0, 0];
  for (let place = 0; place < text.length; place++) {
    const unit = text.charCodeAt(place);
    if (unit === quote) {
      [start, end] = [place, endOfText(text, place)];
      place = end;
    } else if (isOpening(unit)) depth += 1;
    else if (isClosing(unit)) depth -= 1;
    else if (unit === colon && depth === 1) {
      const name: string = JSON.parse(text.slice(start, end + 1));
      if (seen.has(name)) return name;
      seen.add(name);
    }
  }
  return undefined;
}

const [quote, backslash, colon] = [0x22, 0x5c, 0x3a];
const isOpening = (unit: number): boolean => unit === 0x5b || unit === 0x7b;
const isClosing = (unit: number): boolean => unit === 0x5d || unit === 0x7d;

/**
 * A JSON text with `change` made to each part between its texts, and `changeText` to each of these, quotes included. A text without an end
 * goes on to the end of all.
 */
export function changeParts(
  text: string,
  change: (part: string) => string,
  changeText: (text: string) => string = (same) => same,
): string {
  let changed = '';
  let from = 0;
  for (let start = text.indexOf('"'); start >= 0; start = text.indexOf('"', from)) {
    const end = Math.min(endOfText(text, start) + 1, text.length);
    changed += change(text.slice(from, start)) + changeText(text.slice(start, end));
    from = end;
  }
  return changed + change(text.slice(from));
}

/** Where the text that starts at a quote has its other quote, or the end of all where it has none. */
function endOfText(text: string, start: number): number {
  for (let place = start + 1; place < text.length; place++) {
    const unit = text.charCodeAt(place);
    if (unit === quote) return place;
    if (unit === backslash) place += 1;
  }
  return text.length;
}

/** What is beyond a bound; null where nothing is. Of a text that is no JSON this may be anything. */
function lookOver(text: string, allowedDepth: number): string | null {
  const mostContainers = Math.max(fewContainers, text.length / charactersOfContainer);
  let depth = 0;
  let containers = 0;
  for (let place = 0; place < text.length; place++) {
    const unit = text.charCodeAt(place);
    if (unit === quote) {
      const end = endOfText(text, place);
      if (end - place > mostCharacters) return `has a text of more than ${mostCharacters} characters`;
      place = end;
    } else if (isOpening(unit)) {
      depth += 1;
      containers += 1;
      if (depth > allowedDepth) return `nests lists or records more than ${allowedDepth} deep`;
      if (containers > mostContainers) return 'has more lists and records than a file of its size can hold';
    } else if (isClosing(unit)) depth -= 1;
  }
  return null;
}
