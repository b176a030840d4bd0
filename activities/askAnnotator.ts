/**
 * The activity `askAnnotator`: asks an endpoint for one more answer to each question of a shard that wants one.
 *
 * Each answer is stored under the hash of all that it follows from before it counts: `annotations/<sha256>.json`. So a step that is done
 * again, or another annotation that asks the same, finds it there and pays for nothing twice. What an answer under way costs when its
 * worker dies is the endpoint's to say: it is sent again with the same `Idempotency-Key`.
 */
import { stringify } from 'safe-stable-stringify';
import { z } from 'zod';
import type { AnnotationSpec, EndpointSpec } from '../workflows/config/annotation.js';
import { askAll } from './annotation/askAll.js';
import {
  type ChatMessage,
  type ChatRequest,
  type Completion,
  chatRequest,
  worstUsage,
} from './annotation/chatCompletion.js';
import { createConcurrency } from './annotation/concurrency.js';
import { type Fault, openEndpoint, type Unanswered } from './annotation/endpoint.js';
import { wantsMore } from './annotation/keep.js';
import { addUsage, type BudgetName, createLedger, noUsage, type Usage } from './annotation/ledger.js';
import { promptBefore } from './annotation/prompts/index.js';
import { readAnswer } from './annotation/readAnswer.js';
import { atMost } from './atMost.js';
import type { DataSetRef } from './data/types.js';
import { exampleAt, readExamples } from './examples.js';
import { formats, versionOf } from './formats.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import { at, required } from './invariant.js';
import type { AnswerFormat } from './rewards/answerFormat.js';
import type { Sample } from './rewards/samples.js';
import { sha256OfBytes } from './store/digest.js';
import { inForm, jsonOf } from './store/inForm.js';
import type { ObjectRef, Store } from './store/types.js';
import { readScored } from './trainingSteps.js';

export interface AskAnnotatorInput {
  /** Its workflow id: what it has paid counts in its own budget. */
  readonly annotation: string;
  readonly data: DataSetRef;
  /** The shard: questions [from, to) of the data set. */
  readonly from: number;
  readonly to: number;
  /** Scored answers that these questions have already. */
  readonly scored: readonly ObjectRef[];
  /** Which of a question's answers is asked for. */
  readonly sample: number;
  readonly temperature: number;
  /** Whether only questions without a right answer are asked. */
  readonly isRetry: boolean;
  readonly annotator: EndpointSpec;
  readonly format: AnswerFormat;
  readonly rules: Pick<AnnotationSpec, 'prompt' | 'keep' | 'budget'>;
  readonly spent: Usage;
  /** Requests at once to begin with. */
  readonly atOnce: number;
}

/** What became of an answer before any reward saw it. */
export type Unusable = Unanswered | 'length' | 'content-filter' | 'empty' | 'no-program';

export interface AskAnnotatorResult {
  /** Lines of `Sample` with their texts; absent where there is no answer to score. */
  readonly samples?: ObjectRef;
  /** Questions that wanted an answer. */
  readonly wanted: number;
  /** Answers that came, of which `reused` were paid for by other annotations. */
  readonly answered: number;
  readonly reused: number;
  /** What all of the answers took, whoever paid. */
  readonly used: Usage;
  /** What this annotation has spent in all, this step included. */
  readonly spent: Usage;
  readonly unusable: Readonly<Partial<Record<Unusable, number>>>;
  /** Answers whose tokens the endpoint did not tell. */
  readonly estimated: number;
  /** Of tries, which depend on the endpoint's mood. */
  readonly faults: Readonly<Partial<Record<Fault, number>>>;
  readonly atOnce: number;
  /** The budget that ended it before its last question. */
  readonly stopped?: BudgetName;
}

export interface AnnotatorDependencies {
  readonly store: Store;
  /** The worker's, which has the key. */
  readonly environment: NodeJS.ProcessEnv;
}

interface Request {
  readonly example: number;
  readonly messages: readonly ChatMessage[];
  readonly body: ChatRequest;
  readonly hash: string;
}

/** Of the code that asks: raised where the same request is to give another answer. */
const edition = 1;
const readsAtOnce = 16;

/** @throws AnnotatorUnavailable for what a person has to mend, AnnotatorRefused where the endpoint will never answer */
export function createAskAnnotator({ store, environment }: AnnotatorDependencies) {
  return (input: AskAnnotatorInput): Promise<AskAnnotatorResult> =>
    heartbeatWhile('answers', async (report, signal) => {
      const requests = await requestsOf(input, store);
      const kept = await atMost(readsAtOnce, requests, ({ hash }) => readKept(store, hash));
      const concurrency = createConcurrency(input.atOnce, input.annotator.atOnce);
      const endpoint = openEndpoint(input.annotator, environment, concurrency, signal);
      const ledger = createLedger(input.rules.budget, input.annotator.price, input.spent);
      const found: (KeptAnswer | Unanswered | undefined)[] = requests.map(() => undefined);
      const isFree = (answer: KeptAnswer | null): boolean => answer !== null && answer.annotation !== input.annotation;
      let done = 0;

      const { stopped } = await askAll({
        requests,
        // For another's answer nothing is paid.
        worstOf: ({ messages }, index) =>
          isFree(at(kept, index)) ? noUsage : worstUsage(messages, input.annotator.maxTokens),
        async ask({ body, messages, hash }, index) {
          const before = at(kept, index);
          const answer = before ?? (await askFor(body, messages, hash));
          found[index] = answer;
          done += 1;
          report(done, requests.length);
          return typeof answer === 'string' || isFree(answer) ? null : answer.usage;
        },
        ledger,
        concurrency,
        signal,
      });

      async function askFor(body: ChatRequest, messages: readonly ChatMessage[], hash: string) {
        const outcome = await endpoint.ask(body, messages, hash);
        if ('unanswered' in outcome) return outcome.unanswered;
        const answer: KeptAnswer = { ...outcome.completion, annotation: input.annotation };
        const stored = { version: versionOf(formats.annotatorAnswer), ...answer };
        await store.publish(keyOf(hash), Buffer.from(JSON.stringify(stored)));
        return answer;
      }

      const { samples, unusable } = readAll(requests, found, input);
      const answers = found.flatMap((one) => (typeof one === 'object' ? [one] : []));
      return {
        ...(samples.length === 0 ? {} : { samples: await store.putLines(samples) }),
        wanted: requests.length,
        answered: answers.length,
        reused: answers.filter(({ annotation }) => annotation !== input.annotation).length,
        used: answers.reduce((sum, { usage }) => addUsage(sum, usage), noUsage),
        spent: ledger.spent,
        unusable,
        estimated: answers.filter(({ isEstimated }) => isEstimated).length,
        faults: endpoint.faults,
        atOnce: concurrency.limit,
        ...(stopped === undefined ? {} : { stopped }),
      };
    });
}

/** For each question of the shard that wants an answer, in order. */
async function requestsOf(input: AskAnnotatorInput, store: Store): Promise<readonly Request[]> {
  const { from, to, format, sample, temperature, annotator, rules } = input;
  const examples = await readExamples(store, input.data);
  const answers = await readScored(store, input.scored);
  const before = promptBefore(rules.prompt, format);
  return Array.from({ length: to - from }, (_, place) => from + place).flatMap((example): readonly Request[] => {
    const had = answers.filter((one) => one.example === example);
    if (!wantsMore(had, rules.keep, format, input.isRetry)) return [];
    const messages = [...before, { role: 'user', content: exampleAt(examples, example).question } as const];
    const body = chatRequest(annotator, messages, temperature);
    const content = { edition, url: annotator.url, body, sample };
    const hash = sha256OfBytes(Buffer.from(required(stringify(content), 'a request as JSON')));
    return [{ example, messages, body, hash }];
  });
}

interface KeptAnswer extends Completion {
  /** Who has paid for it. */
  readonly annotation: string;
}

const count = z.int().min(0);
const keptSchema: z.ZodType<KeptAnswer> = z.object({
  annotation: z.string(),
  text: z.string(),
  ending: z.enum(['stop', 'length', 'content-filter']),
  usage: z.object({ requests: count, promptTokens: count, completionTokens: count }),
  isEstimated: z.boolean(),
});

function keyOf(hash: string): string {
  return `annotations/${hash}.json`;
}

async function readKept(store: Store, hash: string): Promise<KeptAnswer | null> {
  const key = keyOf(hash);
  const bytes = await store.read(key);
  return bytes === null ? null : inForm(keptSchema, jsonOf(bytes, key, 'an answer'), key, 'an answer');
}

type TextSample = Sample & { readonly text: string };

/** The answers that can be scored, and why the others cannot. */
function readAll(
  requests: readonly Request[],
  found: readonly (KeptAnswer | Unanswered | undefined)[],
  { sample, format }: AskAnnotatorInput,
): { readonly samples: readonly TextSample[]; readonly unusable: Partial<Record<Unusable, number>> } {
  const unusable: Partial<Record<Unusable, number>> = {};
  const note = (why: Unusable): readonly TextSample[] => {
    unusable[why] = (unusable[why] ?? 0) + 1;
    return [];
  };
  const samples = requests.flatMap(({ example }, index): readonly TextSample[] => {
    const answer = found[index];
    if (answer === undefined) return [];
    if (typeof answer === 'string') return note(answer);
    if (answer.ending !== 'stop') return note(answer.ending);
    if (answer.text.trim() === '') return note('empty');
    const text = readAnswer(answer.text, format);
    if (text === null) return note('no-program');
    return [{ example, sample, tokens: [], logProbs: [], truncated: false, text }];
  });
  return { samples, unusable };
}
