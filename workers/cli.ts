/**
 * The `reft` command: its sub-commands and options. Each does its work in `command/`, loaded only when it is called, so that
 * help and mistakes are answered at once.
 */
import { Argument, Command, Option } from 'commander';
import { IncompatibleVersion, InvalidSettings, MissingCodecKey, messageOf } from '../activities/errors.js';
import { MissingSoftware } from '../infra/errors.js';
import { comparisonPresets, presets } from '../workflows/config/presets/index.js';
import { addAskingCommands } from './asking.js';
import type { AnnotateOptions } from './command/annotate.js';
import type { CodecServerCommand } from './command/codecServer.js';
import type { EvaluateOptions } from './command/evaluate.js';
import type { GcOptions } from './command/gc.js';
import type { ListOptions } from './command/list.js';
import type { PlanOptions } from './command/plan.js';
import type { RunOptions } from './command/run.js';
import { UsageError } from './command/usageError.js';
import { addDataCommands } from './dataCommands.js';
import {
  codecServerPort,
  type ExportFormat,
  exportFormats,
  type QueueName,
  queueNames,
  type SchemaName,
  type ShellName,
  schemaNames,
  shellNames,
} from './names.js';

import { packageVersion } from './packageRoot.js';
import { suggesting } from './suggestions.js';
import { addWatchingCommands } from './watching.js';

/** What a shell says of a program whose output nobody reads any more. */
const outputClosed = 141;

/** Exit codes: 0 done, 1 failed, 2 called wrongly, 130 interrupted, 141 when nobody reads the output any more (`reft schema | head`). */
export async function main(args: readonly string[]): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(outputClosed);
  });
  try {
    await program().parseAsync(args, { from: 'user' });
  } catch (error) {
    const isCalledWrongly = error instanceof UsageError || error instanceof InvalidSettings;
    const isKnown = [MissingSoftware, IncompatibleVersion, MissingCodecKey].some((known) => error instanceof known);
    const told = isCalledWrongly || isKnown ? messageOf(error) : await serverTrouble(error);
    if (told === undefined) throw error;
    console.error(`reft: ${told}`);
    process.exitCode = isCalledWrongly ? 2 : 1;
  }
}

/** What a server said that refused or is gone; undefined for what is another error. Loaded late, as the commands are. */
async function serverTrouble(error: unknown): Promise<string | undefined> {
  const { temporalRefusal } = await import('./command/access.js');
  const refusal = temporalRefusal(error);
  return refusal === undefined ? undefined : `Temporal: ${refusal}`;
}

function program(): Command {
  const reft = new Command('reft')
    .description('Reinforced fine-tuning as durable Temporal workflows')
    .version(packageVersion())
    .showHelpAfterError('(reft --help shows what there is)')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

  reft
    .command('up')
    .description('start the servers and a worker, and stay in the foreground')
    .action(async () => (await import('./command/serve.js')).up());
  reft
    .command('down')
    .description('end the servers that run on this machine, whoever uses them; runs go on at the next start')
    .action(async () => (await import('./command/serve.js')).down());
  reft
    .command('run')
    .description('run a specification, showing its progress and its result')
    .addArgument(specArgument(presets))
    .option('--set <key=value>', 'set a field, such as ppo.epochs=3; may be repeated', collect)
    .addOption(idOption('run'))
    .option('--new', newMeans)
    .option('--replace', replaceMeans)
    .action(async (source: string, options: RunOptions) => {
      const [{ run }, { runKind }] = await Promise.all([import('./command/run.js'), import('./command/kinds.js')]);
      process.exitCode = await run(runKind, source, options);
    });
  reft
    .command('plan')
    .description('what a run would come to, with nothing started: data, model, memory, storage, refusals')
    .addArgument(specArgument(presets))
    .option('--set <key=value>', 'set a field, such as ppo.epochs=3; may be repeated', collect)
    .option('--json', 'as JSON, with the resolved specification')
    .addHelpText('after', '\nExample:\n  $ npx reft plan smoke --set data.train=64')
    .action(async (source: string, options: PlanOptions) => {
      process.exitCode = await (await import('./command/plan.js')).plan(source, options);
    });
  reft
    .command('compare')
    .description('compare methods over seeds, reusing what earlier comparisons have done')
    .addArgument(specArgument(comparisonPresets))
    .option('--set <key=value>', 'set a field, such as seeds=[1,2,3]; may be repeated', collect)
    .addOption(idOption('comparison'))
    .option('--new', newMeans)
    .option('--replace', replaceMeans)
    .action(async (source: string, options: RunOptions) => {
      const [{ run }, { compareKind }] = await Promise.all([import('./command/run.js'), import('./command/kinds.js')]);
      process.exitCode = await run(compareKind, source, options);
    });
  reft
    .command('evaluate')
    .description('measure a model: greedy answers, voting, reranking, pass@k')
    .argument('<model>', 'a finished run, hf:org/name, s3://bucket/prefix, a folder or checkpoint:<sha256>')
    .option('--data <source>', 'questions of another data set than the run’s own, such as svamp')
    .option('--samples <k>', 'samples a question, up to 100')
    .option('--set <key=value>', 'set a field, such as data.test=200; may be repeated', collect)
    .addOption(idOption('evaluation'))
    .option('--new', newMeans)
    .option('--replace', replaceMeans)
    .action(async (model: string, options: EvaluateOptions) => {
      const { evaluate } = await import('./command/evaluate.js');
      process.exitCode = await evaluate(model, options);
    });
  reft
    .command('annotate')
    .description('have a chat model, or a model of your own, write chains of thought')
    .argument('<spec>', 'a file, in JSON or YAML')
    .option('--out <file>', 'write the rows there too, as JSON Lines')
    .option('--force', 'replace the file that is there')
    .option('--set <key=value>', 'set a field, such as budget.money=5; may be repeated', collect)
    .addOption(idOption('annotation'))
    .option('--new', newMeans)
    .option('--replace', replaceMeans)
    .action(async (source: string, options: AnnotateOptions) => {
      process.exitCode = await (await import('./command/annotate.js')).annotate(source, options);
    });
  reft
    .command('worker')
    .description('start a worker for servers that are running')
    .addOption(new Option('--queue <name>', 'serve this task queue only').choices(queueNames))
    .option('--build-id <id>', 'which build of the code this is, to pin runs to builds (workers/VERSIONS.md)')
    .action(async ({ queue, buildId }: { readonly queue?: QueueName; readonly buildId?: string }) =>
      (await import('./command/serve.js')).serve(queue, buildId),
    );

  reft
    .command('presets')
    .description('list the presets, with what they are for')
    .option('--json', 'as JSON')
    .action(async (options: { readonly json?: boolean }) =>
      (await import('./command/presets.js')).listPresets(options),
    );
  reft
    .command('list')
    .description('list runs, comparisons, evaluations and annotations, the newest first')
    .option('--all', 'more than the newest twenty')
    .option('--json', 'as JSON')
    .action(async (options: ListOptions) => (await import('./command/list.js')).list(options));
  reft
    .command('codec-server')
    .description('decrypt payloads for Temporal’s UI and command line, on this machine (infra/SECURING.md)')
    .option('--port <n>', 'where it listens, on the loopback address', String(codecServerPort))
    .option('--ui-origin <origin>', 'where the UI is, such as https://cloud.temporal.io; left out, the local UI')
    .action(async (options: CodecServerCommand) => (await import('./command/codecServer.js')).codecServer(options));

  addWatchingCommands(reft);
  addAskingCommands(reft);
  const runId = new Argument('<id>', 'the run, by its workflow id');
  reft
    .command('report')
    .description('save the report of a finished run')
    .addArgument(runId)
    .action(async (id: string) => (await import('./command/inspect.js')).report(id));
  reft
    .command('reset')
    .description('send a run back to the end of a round, from where it goes on')
    .addArgument(runId)
    .requiredOption('--round <n>', 'rounds (or epochs) that stay done; 0 is the warm-up')
    .action(async (id: string, { round }: { readonly round: string }) =>
      (await import('./command/reset.js')).reset(id, round),
    );
  reft
    .command('gc')
    .description('remove from the storage what no run needs')
    .option('--dry-run', 'only say what would be removed')
    .option('--json', 'print {dryRun, kept, removed, droppedRounds}')
    .option('--schedule <interval>', 'have workers do it every so often, such as 6h or 1d; or off')
    .action(async (options: GcOptions) => (await import('./command/gc.js')).gc(options));
  reft
    .command('export')
    .description('copy the model, report and answers of a finished run into a folder')
    .addArgument(runId)
    .argument('<directory>', 'the folder')
    .addOption(
      new Option(
        '--format <name>',
        'the model alone: for transformers, for transformers.js, or LoRA adapters for PEFT',
      ).choices(exportFormats),
    )
    .action(async (id: string, directory: string, { format }: { readonly format?: ExportFormat }) =>
      (await import('./command/export.js')).exportRun(id, directory, format),
    );
  addDataCommands(reft);
  reft
    .command('schema')
    .description('print the JSON Schema of a specification')
    .addArgument(new Argument('[kind]', 'of what').choices(schemaNames).default('run'))
    .action(async (kind: SchemaName) => {
      const { jsonSchema } = await import('../workflows/config/jsonSchema.js');
      console.log(JSON.stringify(jsonSchema(kind), null, 2));
    });
  reft
    .command('completion')
    .description('print the script by which a shell completes this command')
    .addArgument(new Argument('<shell>', 'which shell').choices(shellNames))
    .addHelpText('after', '\nExample, in ~/.bashrc:\n  source <(reft completion bash)')
    .action(async (shell: ShellName) => {
      const { completionScript } = await import('./command/completion.js');
      process.stdout.write(completionScript(shell, reft));
    });
  reft
    .command('doctor')
    .description('look at what this machine offers a run')
    .action(async () => {
      const { printFindings } = await import('./command/doctor.js');
      process.exitCode = await printFindings();
    });
  reft
    .command('gpu')
    .description('fetch what an NVIDIA GPU needs beside its driver')
    .option('--dry-run', 'only say what is missing, and what would be fetched')
    .action(async (options: { readonly dryRun?: boolean }) => {
      process.exitCode = await (await import('./command/gpu.js')).gpu(options);
    });
  return reft;
}

function idOption(noun: string): Option {
  return new Option('--id <workflow-id>', `name of the ${noun}; one of that name and specification is gone on with`);
}

const newMeans = 'start another, though one of this specification is under way';
const replaceMeans = 'with --id: start in the place of one that has ended';

function specArgument(known: Readonly<Record<string, unknown>>): Argument {
  const names = Object.keys(known);
  return suggesting(new Argument('<spec>', `a preset (${names.join(', ')}) or a file, in JSON or YAML`), names);
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}
