/** The sub-commands of `reft data`, which look after data sets on this machine. */
import { Argument, type Command, Option } from 'commander';
import type { ConvertOptions } from './command/convert.js';
import type { InspectOptions, WriteOptions } from './command/dataSets.js';
import { type ConvertibleSet, convertibleSets, cotNames } from './names.js';

export function addDataCommands(reft: Command): void {
  const data = reft.command('data').description('look after data sets');
  data
    .command('convert')
    .description('make chains of thought of a published data set’s own annotations')
    .addArgument(new Argument('<set>', 'the data set').choices(convertibleSets))
    .addOption(new Option('--to <form>', 'programs, or words').choices(cotNames).makeOptionMandatory())
    .requiredOption('--out <file>', 'the file to write, as JSON Lines that data.source takes')
    .option('--file <path>', 'the file to read; left out, the data set’s in REFT_DATA_DIR')
    .option('--force', 'replace the file that is there')
    .option('--json', 'print {rows, kept, reasons}')
    .action(async (set: ConvertibleSet, options: ConvertOptions) =>
      (await import('./command/convert.js')).convert(set, options),
    );

  const many = 'data sets by name, or files; several are a mixture, with =weight each or none';
  const command = (name: string, description: string, argument: string, example: string): Command =>
    data
      .command(name)
      .description(description)
      .argument(argument, argument === '<file>' ? 'the file to split' : many)
      .addOption(
        new Option('--cot <form>', 'chains of thought: programs, which are run, or words').choices([
          'program',
          'natural',
        ]),
      )
      .addOption(
        new Option('--answers <kind>', 'what right answers of files are').choices(['number', 'choice', 'text']),
      )
      .option('--test <share>', 'of a file, so much is for the test, by hash (0.1)')
      .option('--validation <n>', 'questions held out: a count, or below 1 a share by hash (1)')
      .addOption(
        new Option('--leakage <rule>', 'training questions that nearly are test questions').choices([
          'refuse',
          'leaveOut',
          'allow',
        ]),
      )
      .addOption(new Option('--duplicates <rule>', 'repeats in training').choices(['keep', 'exact', 'near']))
      .option('--rows <n>', 'so many training questions, drawn by the seed')
      .option('--seed <n>', 'of what is drawn (0)')
      .option('--json', 'as JSON')
      .addHelpText('after', `\nExample:\n  $ npx reft data ${example}`);
  const looking = (one: Command): Command =>
    one
      .option('--tokenizer <file>', 'a tokenizer.json to count tokens by; left out, the one that a run would train')
      .option('--samples <n>', 'so many questions of each set are shown, 3 where left out');
  looking(
    command(
      'inspect',
      'counts, lengths in tokens, repeats, rows left out, samples',
      '<source...>',
      'inspect svamp --samples 5',
    ),
  ).action(async (named: readonly string[], options: InspectOptions) =>
    (await import('./command/dataSets.js')).inspectData(named, options),
  );
  looking(
    command(
      'card',
      'a card in Markdown: files, counts, lengths, what was left out',
      '<source...>',
      'card svamp --out card.md',
    ),
  )
    .option('--out <file>', 'where it is written; left out, printed')
    .action(async (named: readonly string[], options: InspectOptions & { readonly out?: string }) =>
      (await import('./command/dataSets.js')).writeCard(named, options),
    );
  const writing = (one: Command): Command =>
    one
      .requiredOption(
        '--out <folder>',
        'the folder for train.jsonl, validation.jsonl and test.jsonl, which data.source takes',
      )
      .option('--force', 'replace the files that are there');
  writing(
    command(
      'split',
      'split a file by the questions’ hashes: none ever moves',
      '<file>',
      'split all.jsonl --test 0.2 --out parts',
    ),
  ).action(async (file: string, options: WriteOptions) =>
    (await import('./command/dataSets.js')).writeSets([file], options),
  );
  writing(
    command(
      'mix',
      'mix data sets, and write what a run would train on',
      '<source...>',
      'mix svamp=3 gsm8k.jsonl=1 --rows 4000 --out mixed',
    ),
  ).action(async (named: readonly string[], options: WriteOptions) =>
    (await import('./command/dataSets.js')).writeSets(named, options),
  );
}
