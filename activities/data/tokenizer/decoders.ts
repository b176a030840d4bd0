/** Makes the decoders of `@huggingface/tokenizers` give what the Rust implementation (Python's `tokenizers`) gives, where they differ. */
import { readBytes } from './byteLevel.js';
import type { Part } from './tokenizerFile.js';

/** A decoder of the library, as far as it is changed here. */
export interface LibraryDecoder {
  readonly config: Part;
  decode(tokens: readonly string[]): string;
  decode_chain: (tokens: readonly string[]) => readonly string[];
  /** Of a ByteFallback: reads runs of bytes. */
  text_decoder?: TextDecoder;
  /** Of a Sequence. */
  readonly decoders?: readonly LibraryDecoder[];
}

/** Keeps U+FEFF: it is a character of the text, no mark of its encoding. */
const lossy = new TextDecoder('utf-8', { ignoreBOM: true });

/** A run of bytes that is not UTF-8 is a replacement character for each. */
class ByteRuns extends TextDecoder {
  override decode(bytes: Uint8Array): string {
    try {
      return super.decode(bytes);
    } catch {
      return '\uFFFD'.repeat(bytes.length);
    }
  }
}
const byteRuns = new ByteRuns('utf-8', { ignoreBOM: true, fatal: true });

function byteLevelDecoder(): LibraryDecoder['decode_chain'] {
  /** Of the tokens met so far: many answers have the same. */
  const known = new Map<string, Uint8Array>();
  const bytesOf = (token: string): Uint8Array => {
    const bytes = known.get(token) ?? Uint8Array.from(readBytes(token));
    known.set(token, bytes);
    return bytes;
  };
  return (tokens) => [lossy.decode(Buffer.concat(tokens.map(bytesOf)))];
}

/** Changes the decoder in place, after the library's constructor has made it. */
export function decodeAsInRust(decoder: LibraryDecoder): void {
  const { type, prepend_scheme, replacement = '▁' } = decoder.config;
  for (const part of decoder.decoders ?? []) decodeAsInRust(part);
  // It took U+FEFF for a byte order mark and left it out.
  if (type === 'ByteFallback') decoder.text_decoder = byteRuns;
  // It wrote a token that is no bytes as zeros.
  if (type === 'ByteLevel') decoder.decode_chain = byteLevelDecoder();
  // It took a space away that nothing had put there.
  if (type === 'Metaspace' && prepend_scheme === 'never')
    decoder.decode_chain = (tokens) => tokens.map((token) => token.replaceAll(String(replacement), ' '));
}
