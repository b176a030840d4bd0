/** Engine work, summed over tasks and steps. */

/** Seconds and token counts of engine work; `forwardTokens` and `backwardTokens` measure compute independent of the machine. */
export interface Work {
  readonly engineSeconds: number;
  readonly forwardTokens: number;
  readonly backwardTokens: number;
  readonly generatedTokens: number;
}
