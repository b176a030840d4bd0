/**
 * Signals that the workflow does not know. Temporal keeps such a signal for a handler that may come, and whoever sent it hears nothing:
 * so the run says it.
 */
import { setDefaultSignalHandler } from '@temporalio/workflow';

/** Of as many names, and as long ones, as there is room for. */
const most = { names: 8, characters: 64 } as const;
const names = new Set<string>();

/** @param onChange called when there is one more to be told of */
export function noteUnknownSignals(onChange: () => void): void {
  setDefaultSignalHandler((name) => {
    if (names.size >= most.names) return;
    names.add(name.slice(0, most.characters));
    onChange();
  });
}

/** A sentence for each; `updates` are what the workflow can be told. */
export function describeUnknownSignals(updates: readonly string[]): readonly string[] {
  return [...names].map((name) =>
    updates.includes(name)
      ? `the signal "${name}" changes nothing: ${name} is an update`
      : `the signal "${name}" is not known: the updates are ${updates.join(', ')}`,
  );
}
