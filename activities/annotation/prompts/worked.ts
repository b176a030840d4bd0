/** A worked question, written for the prompts of this folder: its chain of thought in words and as a program. */
export interface Worked {
  readonly question: string;
  /** In words, without its last line. */
  readonly chain: string;
  readonly value: string;
  /** The lines of `solution()`, without indentation of their own. */
  readonly program: readonly string[];
}
