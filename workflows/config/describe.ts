/** A specification in a few lines of Markdown: what a run in Temporal's UI is about. */
import { sourcesOf } from './data.js';
import { methods } from './methods.js';
import type { Spec } from './spec.js';

/** One flat list: the UI joins the lines of nested ones. */
export function describeSpec(spec: Spec): string {
  const { data, model, lora, compute, warmUp, sft } = spec;
  const lines = [
    `**Data**: ${sourceName(data)}, ${data.train ?? 'all'} training questions, answered ${answerStyles[data.cot]}${data.promptFormat === 'chat' ? ', put as a chat' : ''}`,
    `**Model**: ${describeModel(model)}${lora ? `, ${describeLora(lora)}` : ''}${describeCompute(compute)}`,
    `**Warm-up**: ${plural(warmUp.epochs, 'epoch')} of supervised training`,
    sft && `**SFT**: the baseline, ${plural(sft.epochs, 'epoch')} more`,
    describeDifficulty(spec),
    ...describeMethod(spec),
    `**Evaluation**: ${describeEvaluation(spec)}`,
    `**Seed**: ${spec.seed}`,
  ];
  return lines.flatMap((line) => (line ? [`- ${line}`] : [])).join('\n');
}

/** A data set's name, or the name of its training file; of a mixture all of them. */
export function sourceName({ source }: Pick<Spec['data'], 'source'>): string {
  return sourcesOf(source).map(nameOf).join(' + ');
}

function nameOf(source: ReturnType<typeof sourcesOf>[number]): string {
  if (typeof source === 'string') return source;
  const from = typeof source.train === 'string' ? source.train : source.train.from;
  const [ofHub] = /^hf:[^/]+\/[^/@]+/.exec(from) ?? [];
  if (ofHub !== undefined) return ofHub;
  return (
    from
      .replace(/[?#].*$/, '')
      .split('/')
      .pop() ?? from
  );
}

const answerStyles = { program: 'by Python programs', natural: 'in words' } as const;

function describeModel(model: Spec['model']): string {
  if ('from' in model) return model.from;
  return `from scratch, ${plural(model.layers, 'layer')}, width ${model.hiddenSize}, ${plural(model.heads, 'head')}`;
}

function describeLora({ rank, targetModules }: NonNullable<Spec['lora']>): string {
  const layers = targetModules === 'all-linear' ? 'all linear layers' : targetModules.join(', ');
  return `LoRA adapters of rank ${rank} on ${layers}`;
}

/** Nothing of what is so by default. */
function describeCompute({ precision, recompute, attentionInBlocks }: Spec['compute']): string {
  return `${precision === 'float32' ? '' : `, in ${precision}`}${recompute ? ', activations computed again' : ''}${attentionInBlocks ? ', attention in blocks' : ''}`;
}

/** Of the baseline there is a line already. */
function describeMethod(spec: Spec): readonly string[] {
  const { section, training } = methods[spec.method];
  const settings = spec[section];
  if (spec.method === 'sft' || settings === null) return [];
  return [`**${training}**: ${describeTraining(settings)}`];
}

/** SFT trains on all questions. */
function describeDifficulty({ method, difficulty }: Spec): string | null {
  if (difficulty === null || method === 'sft') return null;
  const { samplesPerQuestion, min, max, order } = difficulty;
  return `**Difficulty**: questions with a pass rate from ${min} to ${max} of ${plural(samplesPerQuestion, 'answer')}${order === 'easy-first' ? ', easy ones first' : ''}`;
}

function describeTraining(settings: NonNullable<Spec[(typeof methods)[Spec['method']]['section']]>): string {
  const epochs = plural(settings.epochs, 'epoch');
  if ('keepPerQuestion' in settings) {
    const { samplesPerQuestion, keepPerQuestion } = settings;
    return `${plural(samplesPerQuestion, 'answer')} to each question, at most ${keepPerQuestion} of them kept, ${epochs}`;
  }
  if (!('questionsPerRound' in settings)) return epochs;
  const rounds = `rounds of ${plural(settings.questionsPerRound, 'question')}`;
  return `${epochs} in ${rounds}, ${plural(settings.samplesPerQuestion, 'answer')} to each`;
}

function describeEvaluation({ evaluation: { samplesPerQuestion }, rewardModel }: Spec): string {
  if (samplesPerQuestion === 0) return 'greedy answers';
  return `greedy answers, and ${plural(samplesPerQuestion, 'sample')} for voting${rewardModel ? ' and reranking' : ''}`;
}

function plural(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}
