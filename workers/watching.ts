/** The sub-commands that look at runs, steer them and compare them, with an example in the help of each. */
import { Argument, type Command } from 'commander';
import type { LogsOptions } from './command/logs.js';
import type { MetricsOptions } from './command/metrics.js';
import type { SteerName } from './command/steer.js';

interface Json {
  readonly json?: boolean;
}

export function addWatchingCommands(reft: Command): void {
  const runId = new Argument('<id>', 'the run, by its workflow id');
  const one = (name: string, description: string, example: string): Command =>
    reft
      .command(name)
      .description(description)
      .addArgument(runId)
      .option('--json', 'as JSON')
      .addHelpText('after', `\nExample:\n  $ npx reft ${example}`);
  const steer = (name: SteerName, description: string): Command =>
    one(name, description, `${name} mine-1`).action(async (id: string, options: Json) =>
      (await import('./command/steer.js')).steer(name, id, options),
    );
  steer('pause', 'let a run wait after the work under way');
  steer('resume', 'let a paused run go on');
  steer('stop', 'let a run train no further: the best checkpoint so far is evaluated and reported');
  steer('cancel', 'end a run without a result; --id of reft run begins it again');
  one('set', 'change how a run learns from its next round on', 'set mine-1 learningRate=3e-4 klCoefficient=0.02')
    .argument('<key=value...>', 'hyperparameters of its method: the refusal of another lists them')
    .action(async (id: string, settings: readonly string[], options: Json) =>
      (await import('./command/set.js')).set(id, settings, options),
    );
  one('status', 'how far a run is, or what came of it', 'status mine-1').action(async (id: string, options: Json) =>
    (await import('./command/inspect.js')).status(id, options),
  );
  one('attach', 'show a run as reft run does, to its end', 'attach mine-1').action(
    async (id: string, options: Json) => {
      process.exitCode = await (await import('./command/attach.js')).attach(id, options);
    },
  );
  one('logs', 'what has happened in a run, a line an event', 'logs mine-1 --follow')
    .option('-f, --follow', 'go on with what happens, until the run ends')
    .action(async (id: string, options: LogsOptions) => {
      process.exitCode = await (await import('./command/logs.js')).logs(id, options);
    });
  one('metrics', 'the metrics of each epoch and round', 'metrics mine-1 --tensorboard ./runs')
    .option('-f, --follow', 'go on with those to come, until the run ends')
    .option(
      '--tensorboard <folder>',
      'write them as TensorBoard reads them, into a folder of the run’s name in this one',
    )
    .option('--mlflow <url>', 'write them to a tracking server of MLflow, such as http://127.0.0.1:5000')
    .action(async (id: string, options: MetricsOptions) => {
      process.exitCode = await (await import('./command/metrics.js')).metrics(id, options);
    });
  one('diff', 'two runs side by side: specifications and results', 'diff mine-1 mine-2')
    .argument('<other>', 'another')
    .action(async (id: string, other: string, options: Json) =>
      (await import('./command/diff.js')).diff([id, other], options),
    );
}
