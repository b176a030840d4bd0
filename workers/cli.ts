/**
 * The `reft` command: its sub-commands and options. Each does its work in `command/`, loaded only when it is called, so that
 * help and mistakes are answered at once.
 */
import { Argument, Command, Option } from 'commander';
import { InvalidSettings, messageOf } from '../activities/errors.js';
import { MissingSoftware } from '../infra/errors.js';
import { comparisonPresets, presets } from '../workflows/config/presets/index.js';
import type { EvaluateOptions } from './command/evaluate.js';
import { UsageError } from './command/usageError.js';
import { type ExportFormat, exportFormats, type QueueName, queueNames, type SchemaName, schemaNames } from './names.js';

/** Exit codes: 0 done, 1 failed, 2 called wrongly, 130 interrupted. */
export async function main(args: readonly string[]): Promise<void> {
  try {
    await program().parseAsync(args, { from: 'user' });
  } catch (error) {
    const isCalledWrongly = error instanceof UsageError || error instanceof InvalidSettings;
    if (!isCalledWrongly && !(error instanceof MissingSoftware)) throw error;
    console.error(`reft: ${messageOf(error)}`);
    process.exitCode = isCalledWrongly ? 2 : 1;
  }
}

function program(): Command {
  const reft = new Command('reft')
    .description('Reinforced fine-tuning as durable Temporal workflows')
    .showHelpAfterError('(reft --help shows what there is)')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

  reft
    .command('up')
    .description('start the servers and a worker, and stay in the foreground')
    .action(async () => (await import('./command/serve.js')).up());
  reft
    .command('run')
    .description('run a specification, showing its progress and its result')
    .argument('<spec>', presetOrFile(presets))
    .option('--set <key=value>', 'set a field, such as ppo.epochs=3; may be repeated', collect)
    .option('--id <workflow-id>', 'name of the run; one of that name that is under way is joined')
    .action(async (source: string, options: { readonly set?: readonly string[]; readonly id?: string }) => {
      const [{ run }, { runKind }] = await Promise.all([import('./command/run.js'), import('./command/kinds.js')]);
      process.exitCode = await run(runKind, source, options);
    });
  reft
    .command('compare')
    .description('compare methods over seeds, reusing what earlier comparisons have done')
    .argument('<spec>', presetOrFile(comparisonPresets))
    .option('--set <key=value>', 'set a field, such as seeds=[1,2,3]; may be repeated', collect)
    .option('--id <workflow-id>', 'name of the comparison; one of that name that is under way is joined')
    .action(async (source: string, options: { readonly set?: readonly string[]; readonly id?: string }) => {
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
    .option('--id <workflow-id>', 'name of the evaluation; one of that name that is under way is joined')
    .action(async (model: string, options: EvaluateOptions) => {
      const { evaluate } = await import('./command/evaluate.js');
      process.exitCode = await evaluate(model, options);
    });
  reft
    .command('worker')
    .description('start a worker for servers that are running')
    .addOption(new Option('--queue <name>', 'serve this task queue only').choices(queueNames))
    .action(async ({ queue }: { readonly queue?: QueueName }) => (await import('./command/serve.js')).serve(queue));

  const runId = new Argument('<id>', 'the run, by its workflow id');
  reft
    .command('status')
    .description('how far a run is, or what came of it')
    .addArgument(runId)
    .action(async (id: string) => (await import('./command/inspect.js')).status(id));
  reft
    .command('report')
    .description('save the report of a finished run')
    .addArgument(runId)
    .action(async (id: string) => (await import('./command/inspect.js')).report(id));
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
  reft
    .command('schema')
    .description('print the JSON Schema of a specification')
    .addArgument(new Argument('[kind]', 'of what').choices(schemaNames).default('run'))
    .action(async (kind: SchemaName) => {
      const { jsonSchema } = await import('../workflows/config/jsonSchema.js');
      console.log(JSON.stringify(jsonSchema(kind), null, 2));
    });
  reft
    .command('doctor')
    .description('look at what this machine offers a run')
    .action(async () => {
      const { printFindings } = await import('./command/doctor.js');
      process.exitCode = await printFindings();
    });
  return reft;
}

function presetOrFile(known: Readonly<Record<string, unknown>>): string {
  return `a preset (${Object.keys(known).join(', ')}) or a JSON file`;
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}
