/** Every row of the table of answers, as we read it and as the published code does, in a real Python. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerMarker, programFrom } from '../../../activities/rewards/answerFormat.js';
import { type Extraction, extractFromProgram, extractFromText } from '../../../activities/rewards/extractAnswer.js';
import { createSandboxPool, type SandboxPool } from '../../../activities/rewards/sandbox/pool.js';
import {
  programNumbers,
  programOptions,
  type Reading,
  type Row,
  statedNumbers,
  statedOptions,
  wholeOptionTexts,
  wholeTexts,
} from './answerTable.js';
import { solution } from './sandbox/solution.js';

let sandbox: SandboxPool;
beforeAll(async () => {
  sandbox = createSandboxPool({ processes: 1, secondsPerProgram: 2, megabytes: 256 });
  await sandbox.warmUp();
});
afterAll(() => sandbox.close());

/**
 * What the published code makes of an answer: `floatify` of the text after the marker or of a program's value, or that text in
 * lower case without quotes. Its readings come back as text, `None` as the word.
 */
const transcription = `
def floatify(value):
    try:
        return repr(float(value))
    except Exception:
        return None

def letter(value):
    return str(value).lower().replace('"', '').replace("'", '').strip()

def after_marker(text):
    return text.split(${JSON.stringify(answerMarker)})[-1]

def value_of(program):
    try:
        return program()
    except BaseException:
        return None
`;

type Kind = 'number' | 'choice';

const ofText = { number: 'floatify(after_marker(text).strip())', choice: 'letter(after_marker(text))' };
const ofProgram = { number: 'floatify(value_of(program))', choice: 'letter(value_of(program))' };
const said = (expression: string): string => `said = ${expression}\nreturn '-' if said is None else ':' + said`;

async function publishedReadings(programs: readonly string[], kind: Kind): Promise<Reading[]> {
  const outcomes = await sandbox.run(programs.map((program) => `${transcription}\n${program}`));
  return outcomes.map((outcome) => {
    if (!outcome.ok) throw new Error(`the transcription fails: ${outcome.detail}`);
    if (outcome.text === '-') return null;
    const reading = outcome.text.slice(1);
    return kind === 'choice' || /nan|inf/.test(reading) ? reading : Number(reading);
  });
}

const publishedOfTexts = (texts: readonly string[], kind: Kind): Promise<Reading[]> =>
  publishedReadings(
    texts.map((text) => solution(`text = ${JSON.stringify(text)}\n${said(ofText[kind])}`)),
    kind,
  );

const publishedOfPrograms = (bodies: readonly string[], kind: Kind): Promise<Reading[]> =>
  publishedReadings(
    bodies.map((body) => solution(`def program():\n    ${body.replaceAll('\n', '\n    ')}\n${said(ofProgram[kind])}`)),
    kind,
  );

/** The rows that do not hold, each with what was read. */
function wrongRows(rows: readonly Row[], ours: readonly Reading[], published: readonly Reading[]): unknown[] {
  return rows.flatMap(([written, expected, differently = expected], index) => {
    const read = { ours: ours[index], published: published[index] };
    return Object.is(read.ours, expected) && Object.is(read.published, differently) ? [] : [{ written, ...read }];
  });
}

const readingOf = ({ value }: Extraction): Reading => value;

describe('answers in words', () => {
  it.each([
    ['numbers after the marker', statedNumbers, 'number', `So.${answerMarker}`],
    ['numbers in whole texts', wholeTexts, 'number', ''],
    ['options after the marker', statedOptions, 'choice', `So.${answerMarker}`],
    ['options in whole texts', wholeOptionTexts, 'choice', ''],
  ] as const)('%s', async (_, rows, kind, before) => {
    const texts = rows.map(([written]) => before + written);
    const ours = texts.map((text) => readingOf(extractFromText(text, kind)));
    expect(wrongRows(rows, ours, await publishedOfTexts(texts, kind))).toEqual([]);
  });
});

describe('values of programs', () => {
  it.each([
    ['numbers', programNumbers, 'number'],
    ['options', programOptions, 'choice'],
  ] as const)('%s', async (_, rows, kind) => {
    const bodies = rows.map(([written]) => written);
    const outcomes = await sandbox.run(bodies.map((body) => programFrom(`    ${body.replaceAll('\n', '\n    ')}`)));
    const ours = outcomes.map((outcome) => readingOf(extractFromProgram(outcome, kind)));
    expect(wrongRows(rows, ours, await publishedOfPrograms(bodies, kind))).toEqual([]);
  });
});

it('are at least 150, none twice', () => {
  const tables = [statedNumbers, wholeTexts, statedOptions, wholeOptionTexts, programNumbers, programOptions];
  expect(tables.flat().length).toBeGreaterThanOrEqual(150);
  for (const rows of tables) expect(new Set(rows.map(([written]) => written)).size).toBe(rows.length);
});
