/** Long runs of blanks in a published row, where looking for what may follow blanks would take the square of their length. */

/** A run of more than eight blanks is one; line ends stay. */
export function shortenBlanks(text: string): string {
  return text.replace(/[^\S\n]{9,}/g, ' ');
}
