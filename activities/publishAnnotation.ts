/**
 * The activity `publishAnnotation`: keeps the right answers by the rule, writes them as rows in the ReFT paper's form, and leaves them under
 * `runs/<id>/` with a card: what was asked, what came of it by reason, what it took.
 *
 * The rows are an object by content: the same answers give the same.
 */
import { join } from 'node:path';
import type { AnnotationSpec } from '../workflows/config/annotation.js';
import { type Judged, keepAnswers } from './annotation/keep.js';
import { addUsage, costOf, noUsage, type Usage } from './annotation/ledger.js';
import { promptBefore } from './annotation/prompts/index.js';
import { paperRow } from './data/convert.js';
import { writeLines } from './data/spool.js';
import type { PreparedData } from './data/types.js';
import { exampleAt, readExamples } from './examples.js';
import { formats, versionOf } from './formats.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import { type AnnotationCard, renderAnnotation } from './report/annotationPage.js';
import { summariseData } from './report/data.js';
import { type AnswerFormat, answerMarker } from './rewards/answerFormat.js';
import { runPrefix } from './store/runKeys.js';
import type { ObjectRef, Store } from './store/types.js';
import { readScored, withOutputDirectory } from './trainingSteps.js';

export interface PublishAnnotationInput {
  readonly annotationId: string;
  readonly spec: AnnotationSpec;
  /** What a checkpoint is called. */
  readonly model?: string;
  readonly data: PreparedData;
  /** Scored answers, by shard: all of a question's are in one shard. */
  readonly shards: readonly (readonly ObjectRef[])[];
  /** Answers that could not be scored, by reason. */
  readonly unusable: Readonly<Record<string, number>>;
  /** What all answers of an endpoint took, whoever paid. */
  readonly used: Usage;
  readonly stopped?: string;
}

export interface PublishAnnotationResult {
  /** The rows, as JSON Lines. */
  readonly rows: ObjectRef;
  readonly card: AnnotationCard;
  readonly bucket: string;
  readonly prefix: string;
  readonly report: string;
  readonly result: string;
  readonly annotated: string;
}

export function createPublishAnnotation({
  store,
  workDirectory,
}: {
  readonly store: Store;
  readonly workDirectory: string;
}) {
  return (input: PublishAnnotationInput): Promise<PublishAnnotationResult> =>
    heartbeatWhile('shards', (report, signal) =>
      withOutputDirectory(workDirectory, async (directory) => {
        const { annotationId, spec, data } = input;
        const examples = await readExamples(store, data.train);
        const path = join(directory, 'annotated.jsonl');
        const lines = writeLines(path);
        const yields = new Map(Object.entries(input.unusable));
        const add = (reason: string, count = 1): void => {
          yields.set(reason, (yields.get(reason) ?? 0) + count);
        };
        let [rows, questions, duplicates] = [0, 0, 0];
        let drawn = noUsage;
        for (const [index, shard] of input.shards.entries()) {
          signal.throwIfAborted();
          const byQuestion = new Map<number, Judged[]>();
          for (const answer of await readScored(store, shard)) {
            const promptTokens = exampleAt(examples, answer.example).promptTokens.length;
            drawn = addUsage(drawn, { requests: 1, promptTokens, completionTokens: answer.tokens.length });
            const had = byQuestion.get(answer.example) ?? [];
            byQuestion.set(answer.example, had);
            had.push(answer);
            add(answer.correct ? 'right' : (answer.failure ?? 'wrong'));
          }
          for (const [place, answers] of [...byQuestion].sort(([a], [b]) => a - b)) {
            const found = keepAnswers(answers, spec.keep, data.format);
            duplicates += found.duplicates;
            if (found.kept.length > 0) questions += 1;
            const asked = exampleAt(examples, place);
            for (const [number, { text }] of found.kept.entries()) {
              const id = number === 0 ? asked.id : `${asked.id} answer ${number + 1}`;
              lines.write(
                paperRow(
                  { id, question: asked.question, answer: rowText(text, data.format), answerValue: asked.answerValue },
                  data.format,
                ),
              );
              rows += 1;
            }
          }
          report(index + 1, input.shards.length);
        }
        lines.close();
        const object = await store.putFile(path);
        const card: AnnotationCard = {
          title: spec.title,
          source: summariseData(data),
          annotator: annotatorOf(input),
          prompt: spec.annotator.kind === 'endpoint' ? promptBefore(spec.prompt, data.format) : [],
          keep: spec.keep,
          questions: data.train.count,
          annotated: questions,
          rows,
          duplicates,
          yields: Object.fromEntries([...yields].sort(([a], [b]) => (a < b ? -1 : 1))),
          // A checkpoint's answers have their tokens with them.
          used: spec.annotator.kind === 'endpoint' ? input.used : drawn,
          cost: spec.annotator.kind === 'endpoint' ? costOf(input.used, spec.annotator.price) : 0,
          stopped: input.stopped ?? null,
          sha256: object.sha256,
        };
        return { rows: object, card, ...(await publish(store, annotationId, spec, card, object)) };
      }),
    );
}

/** Rows of the paper have the value beside the chain, not behind it. */
function rowText(text: string, format: AnswerFormat): string {
  const end = format === 'natural' ? text.lastIndexOf(answerMarker) : -1;
  return end < 0 ? text : text.slice(0, end);
}

function annotatorOf({ spec: { annotator }, model }: PublishAnnotationInput): AnnotationCard['annotator'] {
  if (annotator.kind === 'checkpoint') return { kind: annotator.kind, model: model ?? annotator.from };
  const { kind, model: name, url, temperature } = annotator;
  return { kind, model: name, url, temperature };
}

async function publish(
  store: Store,
  annotationId: string,
  spec: AnnotationSpec,
  card: AnnotationCard,
  rows: ObjectRef,
): Promise<Omit<PublishAnnotationResult, 'rows' | 'card'>> {
  const prefix = runPrefix(annotationId);
  const keys = {
    report: `${prefix}/report.html`,
    result: `${prefix}/result.json`,
    annotated: `${prefix}/annotated.jsonl`,
  };
  await store.publish(keys.annotated, await store.getBytes(rows));
  await store.publish(keys.report, Buffer.from(renderAnnotation({ annotationId, card, spec })));
  const result = {
    version: versionOf(formats.publishedAnnotation),
    annotationId,
    spec,
    card,
    rows,
    bucket: store.bucket,
    keys,
  };
  await store.publish(keys.result, Buffer.from(`${JSON.stringify(result, null, 2)}\n`));
  return { bucket: store.bucket, prefix, ...keys };
}
