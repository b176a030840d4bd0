/** Bytes of a text file as text: UTF-8, without a byte-order mark. Damaged text is refused rather than trained on. */
export function decodeText(content: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(content);
}
