/**
 * A mixture of data sets (`data.source` as a list): the questions of each, with a prompt and a weight of its own.
 *
 * Leaks, repeats and validation questions are found in all of them together, so that no question of one is tested by another's. Then each
 * takes its share of the training questions: more than it has, and questions repeat; fewer, and they are drawn by the seed.
 */
import type { CustomSourceSpec, DataSpec, MixturePart } from '../../../workflows/config/data.js';
import { InvalidData } from '../../errors.js';
import { at, required } from '../../invariant.js';
import { createDropped } from '../dropped.js';
import { readExclusion } from '../exclude.js';
import type { Question, QuestionSets } from '../questions.js';
import { shareOf } from '../splitByHash.js';
import { joined, mapped, numbered, type Sequence } from '../spool.js';
import type { DataRequest } from './dataSet.js';
import { divide, readSource } from './files.js';

/** @param sourceOf the files that a data set's name stands for */
export async function fromMixture(
  parts: readonly MixturePart[],
  request: DataRequest,
  sourceOf: (source: MixturePart['source']) => Promise<CustomSourceSpec>,
): Promise<QuestionSets> {
  const dropped = createDropped();
  const exclusion = await readExclusion(request.data.exclude, request);
  const read = [];
  for (const [index, part] of parts.entries()) {
    const source = await sourceOf(part.source);
    const label = labelOf(part, index, parts);
    const own = await readSource(source, request, { dropped, exclusion });
    const change = (question: Question): Question => ofPart(question, label, part.prompt);
    read.push({
      label,
      answers: own.answers,
      warnings: own.warnings.map((warning) => `${label}: ${warning}`),
      annotated: mapped(own.annotated, change),
      tested: part.test === false ? [] : mapped(own.tested, change),
      files: own.files,
    });
  }
  exclusion.check();
  const kinds = new Set(read.map(({ answers }) => answers));
  if (kinds.size > 1)
    throw new InvalidData(
      `data.source: parts whose answers are of one kind are allowed, but there are ${read.map(({ label, answers }) => `${answers} answers in ${label}`).join(', ')} (answers of a part says what its are)`,
    );
  const sets = {
    annotated: joined(read.map(({ annotated }) => annotated)),
    tested: joined(read.map(({ tested }) => tested)),
  };
  const { train: most, ...uncapped } = request.data;
  const held = divide(sets, { ...request, data: { ...uncapped, train: undefined } }, 'refuse', dropped);
  const train = weigh(
    held.train,
    read.map(({ label }, index) => ({ label, weight: at(parts, index).weight })),
    { most, seed: request.seed },
  );
  return {
    ...held,
    train: train.questions,
    warnings: [...read.flatMap(({ warnings }) => warnings), ...held.warnings, train.told],
    answerKind: at(read, 0).answers,
    files: [...read.flatMap(({ files }) => files), ...exclusion.files],
    dropped: dropped.byReason,
  };
}

/** What a part is called: its data set, or its place where two have one name. */
function labelOf({ source }: MixturePart, index: number, parts: readonly MixturePart[]): string {
  const name = typeof source === 'string' ? source : 'files';
  const isOnly =
    parts.filter((part) => (typeof part.source === 'string' ? part.source : 'files') === name).length === 1;
  return isOnly ? name : `${name}-${index + 1}`;
}

/** A question under a name that is unique in the mixture, put by the part's own prompt. */
function ofPart(question: Question, label: string, prompt: string | undefined): Question {
  const id = `${label}/${question.id}`;
  if (prompt === undefined) return { ...question, id };
  const put = (text: string): string => prompt.replaceAll('{question}', () => text);
  const { messages } = question;
  const last = messages?.length;
  const changed = messages?.map((message, place) =>
    place + 1 === last ? { ...message, content: put(message.content) } : message,
  );
  return { ...question, id, question: put(question.question), ...(changed === undefined ? {} : { messages: changed }) };
}

interface Weighed {
  readonly questions: Sequence<Question>;
  /** How many of each part there are. */
  readonly told: string;
}

/** Each part's share of the training questions, in their order. @throws InvalidData where a part has none to repeat */
function weigh(
  train: Sequence<Question>,
  parts: readonly { readonly label: string; readonly weight: DataSpec['train'] }[],
  { most, seed }: { readonly most: number | undefined; readonly seed: number },
): Weighed {
  const labelled = new Map(parts.map(({ label }): [string, { place: number; rank: number }[]] => [label, []]));
  const partOf = ({ id }: Question) => required(labelled.get(id.slice(0, id.indexOf('/'))), 'the part of a question');
  for (const [place, question] of numbered(train))
    partOf(question).push({ place, rank: shareOf(`${seed} ${question.question}`) });
  const sizes = parts.map(({ label, weight }) => {
    const { length } = required(labelled.get(label), 'a part');
    return { label, length, weight: weight ?? length };
  });
  const all = sizes.reduce((sum, { weight }) => sum + weight, 0);
  const total = most ?? train.length;
  /** How often each question comes. */
  const times = new Uint32Array(train.length);
  const counts = sizes.map(({ label, length, weight }) => {
    const wanted = Math.round((total * weight) / all);
    if (length === 0 && wanted > 0)
      throw new InvalidData(`data.source: ${label} has no training question left that is not in another set`);
    const rows = required(labelled.get(label), 'a part').sort((a, b) => a.rank - b.rank || a.place - b.place);
    for (const [index, { place }] of rows.entries())
      times[place] = Math.floor(wanted / length) + (index < wanted % length ? 1 : 0);
    return { label, length, wanted };
  });
  const told = counts.map(({ label, length, wanted }) => `${wanted} of ${label} (${length} there are)`).join(', ');
  return {
    questions: {
      length: times.reduce((sum, count) => sum + count, 0),
      *[Symbol.iterator]() {
        for (const [place, question] of numbered(train))
          for (let time = 1; time <= at(times, place); time++)
            yield time === 1 ? question : { ...question, id: `${question.id} #${time}` };
      },
    },
    told: `Training questions by source: ${told}.`,
  };
}
