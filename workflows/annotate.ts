/**
 * The annotation: questions with right answers in, chains of thought out.
 *
 * An endpoint is asked in waves: every question for its first answer, then those that want another for their second, and so on, and at last
 * those without a right one again, warmer each time. So a budget that ends it early has spread over all questions. Within a wave shards
 * of questions are asked one after the other, since the requests at once are bounded by what the endpoint bears, not by workers; each
 * shard's answers are scored before the next wave looks at them.
 *
 * A checkpoint draws all samples of a question at once, by the steps of a run's rollouts.
 */
import { allHandlersFinished, condition, workflowInfo } from '@temporalio/workflow';
import { addUsage, costOf, leftOf, noUsage, type Usage } from '../activities/annotation/ledger.js';
import type { AskAnnotatorResult } from '../activities/askAnnotator.js';
import type { PreparedData } from '../activities/data/types.js';
import { formats, versionOf } from '../activities/formats.js';
import { at, required } from '../activities/invariant.js';
import type { PretrainedModel } from '../activities/pretrained/source.js';
import type { PublishAnnotationResult } from '../activities/publishAnnotation.js';
import type { ObjectRef } from '../activities/store/types.js';
import type { AnnotationSpec, EndpointSpec } from './config/annotation.js';
import { resolveAnnotation, type SpecInput } from './config/resolve.js';
import { beginPhase, finishUnit, type Journal, openJournal } from './monitoring/journal.js';
import { type AnnotationProgress, serveProgress, showProgress, whilePaused } from './monitoring/progress.js';
import { general } from './steps/activities.js';
import { inFloat32, prepareData } from './steps/prepare.js';
import { openRenewal, takeUp } from './steps/renewal.js';
import { answerPart, scoreSamples } from './steps/rollout.js';

export interface AnnotationResult {
  readonly version: number;
  readonly annotationId: string;
  /** Tries that failed, by reason: they depend on the endpoint's mood, and the rows do not. */
  readonly faults: Readonly<Record<string, number>>;
  readonly spent: Usage;
  /** Answers whose tokens the endpoint did not tell, so that they are reckoned. */
  readonly estimated: number;
  readonly published: PublishAnnotationResult;
  readonly seconds: number;
}

/** Carried through continue-as-new. */
interface AnnotationState {
  readonly journal: Journal;
  notes: string[];
  pretrained?: PretrainedModel;
  data?: PreparedData;
  /** Scored answers by shard. */
  readonly shards: ObjectRef[][];
  /** The step that comes next: of which wave, of which shard. */
  wave: number;
  shard: number;
  spent: Usage;
  used: Usage;
  answers: number;
  reused: number;
  right: number;
  estimated: number;
  atOnce: number;
  readonly unusable: Record<string, number>;
  readonly faults: Record<string, number>;
  stopped?: string;
}

/** Requests at once to begin with: few enough for any endpoint. */
const firstAtOnce = 4;
const questionsPerShard = 200;
/** So that references to what they have fit into a workflow's state. */
const mostShards = 200;

function begin(): AnnotationState {
  return {
    journal: openJournal(),
    notes: [],
    shards: [],
    wave: 0,
    shard: 0,
    spent: noUsage,
    used: noUsage,
    answers: 0,
    reused: 0,
    right: 0,
    estimated: 0,
    atOnce: firstAtOnce,
    unusable: {},
    faults: {},
  };
}

/**
 * @param carried what continue-as-new hands on; never given by a user
 * @throws InvalidSpec listing every problem of the specification
 */
export async function annotate(input: SpecInput, carried?: AnnotationState): Promise<AnnotationResult> {
  const spec = resolveAnnotation(input);
  const state = takeUp(formats.annotationState, carried) ?? begin();
  const renewal = openRenewal(formats.annotationState);
  const { journal } = state;
  serveProgress(journal, () => ({ annotation: progressOf(spec, state) }));
  const safePoint = async (): Promise<void> => {
    await whilePaused(journal);
    if (renewal.isDue()) await renewal.renew(spec, state);
  };

  const { annotator } = spec;
  if (annotator.kind === 'endpoint') {
    const prepared = Object.assign(state, { spec: { ...spec, model: undefined } });
    state.data ??= await prepareData(prepared, { questionsOnly: true });
    await askInWaves(spec, annotator, state, state.data, safePoint);
  } else {
    const { from, generation } = annotator;
    const ofModel = { ...spec, model: { from }, lora: null, compute: inFloat32, generation };
    const prepared = Object.assign(state, { spec: ofModel });
    state.data ??= await prepareData(prepared, { questionsOnly: true });
    await sample(ofModel, state, state.data, safePoint);
  }

  const { data } = state;
  const published = await publish(spec, state, data);
  await condition(allHandlersFinished);
  return {
    version: versionOf(formats.annotationResult),
    annotationId: workflowInfo().workflowId,
    faults: state.faults,
    spent: state.spent,
    estimated: state.estimated,
    published,
    seconds: (Date.now() - journal.startedAt) / 1_000,
  };
}

type SafePoint = () => Promise<void>;

async function askInWaves(
  spec: AnnotationSpec,
  annotator: EndpointSpec,
  state: AnnotationState,
  data: PreparedData,
  safePoint: SafePoint,
): Promise<void> {
  const { count } = data.train;
  const size = Math.max(questionsPerShard, Math.ceil(count / mostShards));
  const shards = Math.ceil(count / size);
  const waves = wavesOf(spec, annotator);
  const { journal } = state;
  const phase = beginPhase(journal, 'annotation', 'shard', shards * waves.length);
  showProgress(journal);
  while (state.wave < waves.length && state.stopped === undefined) {
    await safePoint();
    if (journal.controls.stopping) {
      state.stopped = 'the update stopEarly';
      return;
    }
    const wave = at(waves, state.wave);
    const from = state.shard * size;
    const scored = state.shards[state.shard] ?? [];
    state.shards[state.shard] = scored;
    const place = `answer ${state.wave + 1}/${waves.length}, shard ${state.shard + 1}/${shards}`;
    const asked = await general.askAnnotator.executeWithOptions({ summary: `ask for ${place}` }, [
      {
        annotation: workflowInfo().workflowId,
        data: data.train,
        from,
        to: Math.min(from + size, count),
        scored,
        ...wave,
        annotator,
        format: data.format,
        rules: { prompt: spec.prompt, keep: spec.keep, budget: spec.budget },
        spent: state.spent,
        atOnce: state.atOnce,
      },
    ]);
    note(state, asked);
    if (asked.samples !== undefined) {
      const { reward } = spec;
      const score = await scoreSamples(place, { data, questions: data.train, reward, samples: asked.samples });
      scored.push(score.scored);
      state.right += score.correct;
    }
    state.shard += 1;
    if (state.shard === shards) {
      state.wave += 1;
      state.shard = 0;
    }
    const { right, answers, atOnce } = state;
    finishUnit(phase, { right, answers, atOnce, cost: costOf(state.spent, annotator.price) });
    showProgress(journal);
  }
}

interface Wave {
  readonly sample: number;
  readonly temperature: number;
  readonly isRetry: boolean;
}

const highestTemperature = 2;

function wavesOf({ samples, retries }: AnnotationSpec, { temperature }: EndpointSpec): readonly Wave[] {
  return Array.from({ length: samples + retries.samples }, (_, index) => {
    const further = Math.max(0, index - samples + 1);
    // To hundredths: 0.7 + 0.2 is not 0.9.
    const warmer = Math.round((temperature + further * retries.temperatureStep) * 100) / 100;
    return { sample: index, temperature: Math.min(highestTemperature, warmer), isRetry: further > 0 };
  });
}

function note(state: AnnotationState, asked: AskAnnotatorResult): void {
  state.answers += asked.answered;
  state.reused += asked.reused;
  state.estimated += asked.estimated;
  state.spent = asked.spent;
  state.used = addUsage(state.used, asked.used);
  state.atOnce = asked.atOnce;
  addCounts(state.unusable, asked.unusable);
  addCounts(state.faults, asked.faults);
  if (asked.stopped !== undefined) state.stopped = asked.stopped;
}

function addCounts(to: Record<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counts)) to[name] = (to[name] ?? 0) + count;
}

/** All samples of a question, by the steps of a run's rollouts: the random numbers are those of offline self-training. */
async function sample(
  spec: Parameters<typeof answerPart>[0]['spec'] & Pick<AnnotationSpec, 'samples'>,
  state: AnnotationState,
  data: PreparedData,
  safePoint: SafePoint,
): Promise<void> {
  const { journal } = state;
  const { checkpoint } = required(state.pretrained, 'the model that was prepared');
  const phase = beginPhase(journal, 'annotation', 'step', 1);
  showProgress(journal);
  const [scored = []] = state.shards;
  state.shards[0] = scored;
  const request = {
    journal,
    spec,
    data,
    checkpoint,
    questions: data.train,
    samples: spec.samples,
    temperature: 1,
    purpose: 'sample-self-training',
    round: 0,
    label: 'for annotation',
  } as const;
  while (phase.done === 0 && !(await answerPart(request, 'annotation', scored))) {
    await safePoint();
    if (journal.controls.stopping) {
      state.stopped = 'the update stopEarly';
      return;
    }
  }
  if (phase.done === 0) finishUnit(phase);
}

async function publish(
  spec: AnnotationSpec,
  state: AnnotationState,
  data: PreparedData,
): Promise<PublishAnnotationResult> {
  const { journal, shards, unusable, used, pretrained, stopped } = state;
  const phase = beginPhase(journal, 'report', 'step', 1);
  showProgress(journal);
  const published = await general.publishAnnotation.executeWithOptions({ summary: 'write the rows and their card' }, [
    {
      annotationId: workflowInfo().workflowId,
      spec,
      data,
      // Of a checkpoint each object has all answers of its questions.
      shards: spec.annotator.kind === 'checkpoint' ? shards.flat().map((one) => [one]) : shards,
      unusable,
      used,
      ...(pretrained === undefined ? {} : { model: pretrained.name }),
      ...(stopped === undefined ? {} : { stopped }),
    },
  ]);
  finishUnit(phase);
  beginPhase(journal, 'finished', 'step', 0);
  showProgress(journal);
  return published;
}

function progressOf({ annotator, budget }: AnnotationSpec, state: AnnotationState): AnnotationProgress {
  const { data, answers, reused, right, spent, faults } = state;
  const price = annotator.kind === 'endpoint' ? annotator.price : { input: 0, output: 0 };
  return {
    questions: data === undefined ? 0 : data.train.count,
    answers,
    reused,
    right,
    spent,
    cost: costOf(spent, price),
    left: leftOf(budget, spent, price),
    faults,
  };
}
