/** A specification in a few lines of Markdown: what a run in Temporal's UI is about. */
import type { Spec } from './schema.js';

/** One flat list: the UI joins the lines of nested ones. */
export function describeSpec(spec: Spec): string {
  const { data, model, lora, warmUp, sft } = spec;
  const lines = [
    `**Data**: ${data.source}, ${data.train ?? 'all'} training questions, answered ${answerStyles[data.cot]}${data.promptFormat === 'chat' ? ', put as a chat' : ''}`,
    `**Model**: ${describeModel(model)}${lora ? `, ${describeLora(lora)}` : ''}`,
    `**Warm-up**: ${plural(warmUp.epochs, 'epoch')} of supervised training`,
    sft && `**SFT**: the baseline, ${plural(sft.epochs, 'epoch')} more`,
    spec.method === 'reft' && `**PPO**: ${describePpo(spec)}`,
    `**Evaluation**: ${describeEvaluation(spec)}`,
    `**Seed**: ${spec.seed}`,
  ];
  return lines.flatMap((line) => (line ? [`- ${line}`] : [])).join('\n');
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

function describePpo({ ppo: { epochs, questionsPerRound, samplesPerQuestion } }: Spec): string {
  const rounds = `rounds of ${plural(questionsPerRound, 'question')}`;
  return `${plural(epochs, 'epoch')} in ${rounds}, ${plural(samplesPerQuestion, 'answer')} to each`;
}

function describeEvaluation({ evaluation: { samplesPerQuestion }, rewardModel }: Spec): string {
  if (samplesPerQuestion === 0) return 'greedy answers';
  return `greedy answers, and ${plural(samplesPerQuestion, 'sample')} for voting${rewardModel ? ' and reranking' : ''}`;
}

function plural(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}
