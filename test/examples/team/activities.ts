/** The team's own activities. */

export interface Trained {
  readonly runId: string;
  /** Percent right of the test questions. */
  readonly percent: number;
}

/** Where the team hears of new models; here on the worker's output. */
export async function announce({ runId, percent }: Trained): Promise<string> {
  const message = `${runId} has a new model: ${percent.toFixed(1)} % right`;
  console.log(message);
  return message;
}
