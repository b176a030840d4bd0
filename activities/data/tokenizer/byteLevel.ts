/** How byte-level tokenizers write bytes as text (GPT-2's table), so that vocabularies are plain text. */
import { at } from '../../invariant.js';

const isPrintable = (byte: number): boolean =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);

/** Character of each byte, 0 to 255: itself where printable, else the next free one from U+0100. */
const characters: readonly string[] = (() => {
  let unprintable = 0;
  return Array.from({ length: 256 }, (_, byte) =>
    String.fromCharCode(isPrintable(byte) ? byte : 0x100 + unprintable++),
  );
})();
const bytes = new Map(characters.map((character, byte) => [character, byte]));

/** The 256 characters in code-point order, the order in which they enter a vocabulary. */
export const byteAlphabet: readonly string[] = [...characters].sort();

/** A text's UTF-8 bytes in that writing. */
export function writeBytes(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => at(characters, byte)).join('');
}

/** The bytes of a token. One with a character that stands for no byte, as an added token may have, is its own UTF-8. */
export function readBytes(token: string): Iterable<number> {
  const read = Array.from(token, (character) => bytes.get(character));
  return read.every((byte) => byte !== undefined) ? read : new TextEncoder().encode(token);
}
