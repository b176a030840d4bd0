/** `reft data inspect`, `split`, `mix` and `card`: what is in data sets, written out as a run would take them. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { paperRow } from '../../activities/data/convert.js';
import { describeSet, type Lengths, type SetDescription } from '../../activities/data/describeSet.js';
import { templatePieces } from '../../activities/data/format.js';
import type { QuestionSets } from '../../activities/data/questions.js';
import { writeLines } from '../../activities/data/spool.js';
import { loadTokenizer } from '../../activities/data/tokenizer/loadTokenizer.js';
import { trainTokenizer } from '../../activities/data/tokenizer/trainTokenizer.js';
import { parseModelFile } from '../../activities/pretrained/modelFile.js';
import { answerMarker } from '../../activities/rewards/answerFormat.js';
import type { DataSpec } from '../../workflows/config/data.js';
import { sourceName } from '../../workflows/config/describe.js';
import { type DataOptions, dataSpecOf, withDataSets } from './loadDataSets.js';
import { UsageError } from './usageError.js';

export interface InspectOptions extends DataOptions {
  readonly tokenizer?: string;
  readonly samples?: string;
  readonly json?: boolean;
}

export interface WriteOptions extends DataOptions {
  readonly out: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

const setNames = ['train', 'validation', 'test'] as const;
type SetName = (typeof setNames)[number];
type Description = Readonly<Record<SetName, SetDescription>> & Pick<QuestionSets, 'dropped' | 'files' | 'warnings'>;

export async function inspectData(named: readonly string[], options: InspectOptions): Promise<void> {
  const data = dataSpecOf(named, options);
  const described = await describe(data, options);
  if (options.json) return console.log(JSON.stringify(described));
  for (const name of setNames) printSet(name, described[name]);
  for (const [reason, { count, examples }] of Object.entries(described.dropped))
    console.log(`left out ${count}  ${reason}: ${examples.join(', ')}${count > examples.length ? ', …' : ''}`);
  for (const warning of described.warnings ?? []) console.log(`note: ${warning}`);
}

/** Writes the sets as files that `data.source` takes. */
export async function writeSets(
  named: readonly string[],
  { out, force = false, ...options }: WriteOptions,
): Promise<void> {
  const data = dataSpecOf(named, options);
  if (!force && existsSync(join(out, 'train.jsonl')))
    throw new UsageError(`${join(out, 'train.jsonl')} is there already; --force replaces it`);
  const written = await withDataSets(data, seedOf(options), async (sets) => {
    await mkdir(out, { recursive: true });
    const counts: Record<string, number> = {};
    for (const name of setNames) {
      const lines = writeLines(join(out, `${name}.jsonl`));
      for (const question of sets[name]) {
        const { answer_cot: chain, ...row } = paperRow({ ...question, answer: chainOf(question.answer) }, data.cot);
        lines.write(question.answer === undefined ? row : { ...row, answer_cot: chain });
      }
      lines.close();
      counts[name] = sets[name].length;
    }
    const reasons = Object.fromEntries(Object.entries(sets.dropped).map(([reason, { count }]) => [reason, count]));
    return { ...counts, reasons };
  });
  console.log(options.json ? JSON.stringify(written) : `${JSON.stringify(written)} in ${out}`);
}

export async function writeCard(
  named: readonly string[],
  options: InspectOptions & { readonly out?: string },
): Promise<void> {
  const data = dataSpecOf(named, options);
  const described = await describe(data, options);
  if (options.json) return console.log(JSON.stringify(described));
  const card = cardOf(data, described);
  if (options.out === undefined) return console.log(card);
  await writeFile(options.out, card);
  console.log(options.out);
}

/** Words without the line that states their value, which reading them adds. */
function chainOf(answer = ''): string {
  const end = answer.lastIndexOf(answerMarker);
  return end < 0 ? answer : answer.slice(0, end);
}

function seedOf({ seed = '0' }: DataOptions): number {
  const value = Number(seed);
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff)
    throw new UsageError(`--seed: got ${seed}, allowed: a whole number from 0 to 4294967295`);
  return value;
}

/** At most so many samples are printed. */
const mostSamples = 100;

async function describe(
  data: DataSpec,
  { tokenizer, samples = '3', ...options }: InspectOptions,
): Promise<Description> {
  const shown = Number(samples);
  if (!Number.isInteger(shown) || shown < 0 || shown > mostSamples)
    throw new UsageError(`--samples: got ${samples}, allowed: a whole number from 0 to ${mostSamples}`);
  const seed = seedOf(options);
  const json = tokenizer === undefined ? undefined : await readTokenizer(tokenizer);
  return withDataSets(data, seed, (sets) => {
    const encoder = json === undefined ? ownTokenizer(sets, data) : loadTokenizer(json, { endTokens: [], padToken: 0 });
    const look = { tokensIn: (text: string) => encoder.encode(text).length, samples: shown, seed };
    return {
      train: describeSet(sets.train, look),
      validation: describeSet(sets.validation, look),
      test: describeSet(sets.test, look),
      dropped: sets.dropped,
      files: sets.files,
      ...(sets.warnings === undefined ? {} : { warnings: sets.warnings }),
    };
  });
}

async function readTokenizer(path: string): Promise<unknown> {
  if (!existsSync(path)) throw new UsageError(`--tokenizer: there is nothing at ${path}, allowed: a tokenizer.json`);
  return parseModelFile(path, await readFile(path));
}

/** The tokenizer that a run without a pretrained model would train. */
function ownTokenizer({ train }: QuestionSets, data: DataSpec) {
  const texts = {
    *[Symbol.iterator]() {
      for (const { question, answer = '' } of train) yield* [question, answer];
    },
  };
  return loadTokenizer(trainTokenizer(texts, { ...data.tokenizer, templates: templatePieces }, () => undefined));
}

function printSet(
  name: SetName,
  { questions, repeats, nearRepeats, questionTokens, answerTokens, samples }: SetDescription,
): void {
  const near = nearRepeats === null ? '' : `, ${nearRepeats} nearly repeat another`;
  console.log(`${name}: ${questions} questions, ${repeats} repeat another${near}`);
  printLengths('question', questionTokens);
  printLengths('answer', answerTokens);
  for (const { id, question, answer, answerValue } of samples)
    console.log(
      `  ${id}\n${indented(question)}\n${answer === undefined ? '' : `${indented(answer)}\n`}    = ${answerValue}`,
    );
}

const barWidth = 40;

function printLengths(what: string, lengths: Lengths | null): void {
  if (lengths === null) return;
  console.log(`  tokens of a ${what}: ${inWords(lengths)}`);
  const highest = Math.max(...lengths.histogram.map(({ count }) => count));
  for (const { from, to, count } of lengths.histogram)
    console.log(`  ${`${from}–${to}`.padStart(13)} ${'█'.repeat(Math.ceil((barWidth * count) / highest))} ${count}`);
}

function inWords({ least, median, mean, most95, most }: Lengths): string {
  return `${least} to ${most}, median ${median}, mean ${mean.toFixed(1)}, 95 % at most ${most95}`;
}

function indented(text: string): string {
  return text.replace(/^/gm, '    ');
}

/** A card in Markdown: what a set is made of, how long it is, what was left out. */
function cardOf(data: DataSpec, described: Description): string {
  const rows = setNames.map((name) => {
    const { questions, repeats, nearRepeats, questionTokens, answerTokens } = described[name];
    const mean = (lengths: Lengths | null): string => (lengths === null ? '–' : lengths.mean.toFixed(1));
    return `| ${name} | ${questions} | ${repeats} | ${nearRepeats ?? '–'} | ${mean(questionTokens)} | ${mean(answerTokens)} |`;
  });
  const files = described.files.map(({ name, rows: count, sha256 }) => `- ${name}: ${count} rows, sha256 ${sha256}`);
  const dropped = Object.entries(described.dropped).map(([reason, { count }]) => `- ${count}: ${reason}`);
  return [
    `# ${sourceName(data)}`,
    '',
    `Chains of thought: ${data.cot === 'program' ? 'programs' : 'words'}.`,
    '',
    '| set | questions | repeats | near repeats | tokens of a question | tokens of an answer |',
    '|---|--:|--:|--:|--:|--:|',
    ...rows,
    ...(files.length > 0 ? ['', '## Files', '', ...files] : []),
    ...(dropped.length > 0 ? ['', '## Left out', '', ...dropped] : []),
    ...(described.warnings?.length ? ['', '## Notes', '', ...described.warnings.map((warning) => `- ${warning}`)] : []),
    '',
  ].join('\n');
}
