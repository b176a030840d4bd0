/** `reft set`: the update `setHyperparameters`, with fields as `reft run --set` takes them. */
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { rootCause } from '@temporalio/common';
import { type HyperparameterChanges, setHyperparametersUpdate } from '../../workflows/monitoring/hyperparameters.js';
import { withClient, withStack } from './access.js';
import { readValue } from './readSpecInput.js';
import { executeUpdate, handleOfOpen } from './steer.js';
import { UsageError } from './usageError.js';

/** @throws UsageError when the run is not under way, or refuses the change, with what is allowed */
export function set(
  id: string,
  settings: readonly string[],
  { json = false }: { readonly json?: boolean },
): Promise<void> {
  const changes = readChanges(settings);
  return withStack((stack) =>
    withClient(stack, async (client) => {
      const handle = await handleOfOpen(client, id, 'set');
      const note = await executeUpdate(client, id, () =>
        handle.executeUpdate(setHyperparametersUpdate, { args: [changes] }),
      ).catch((error: unknown) => {
        if (!(error instanceof WorkflowUpdateFailedError)) throw error;
        throw new UsageError(rootCause(error.cause) ?? error.message);
      });
      console.log(json ? JSON.stringify({ id, changes, note }) : note);
    }),
  );
}

function readChanges(settings: readonly string[]): HyperparameterChanges {
  return Object.fromEntries(
    settings.map((setting) => {
      const place = setting.indexOf('=');
      if (place < 1) throw new UsageError(`${setting.slice(0, 80)}: must be key=value, such as learningRate=3e-4`);
      return [setting.slice(0, place), readValue(setting.slice(place + 1))];
    }),
  );
}
