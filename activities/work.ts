/** The engine's work, summed over tasks and steps. `forwardTokens` and `backwardTokens` measure it independently of the machine. */
export interface Work {
  readonly engineSeconds: number;
  readonly forwardTokens: number;
  readonly backwardTokens: number;
  readonly generatedTokens: number;
}
