/** What Temporal's UI says of a run before it has begun. */
import { describe, expect, it } from 'vitest';
import { describeSpec } from '../../../workflows/config/describe.js';
import { resolveSpec } from '../../../workflows/config/resolve.js';

describe('describeSpec', () => {
  it('tells what is learnt, with what and how', () => {
    expect(describeSpec(resolveSpec({ preset: 'smoke', seed: 3, ppo: { samplesPerQuestion: 4 } })).split('\n')).toEqual(
      [
        '- **Data**: generated, 32 training questions, answered by Python programs',
        '- **Model**: from scratch, 1 layer, width 32, 2 heads',
        '- **Warm-up**: 2 epochs of supervised training',
        '- **SFT**: the baseline, 2 epochs more',
        '- **PPO**: 2 epochs in rounds of 16 questions, 4 answers to each',
        '- **Evaluation**: greedy answers, and 2 samples for voting and reranking',
        '- **Seed**: 3',
      ],
    );
  });

  it('names the model a run starts from', () => {
    const spec = resolveSpec({ preset: 'smoke', model: { from: 'hf:org/tiny' } });
    expect(describeSpec(spec)).toContain('- **Model**: hf:org/tiny\n');
  });

  it('tells of adapters and chats', () => {
    const input = { preset: 'smoke', model: { from: 'hf:org/tiny' }, data: { promptFormat: 'chat' } };
    const text = (targetModules: unknown): string =>
      describeSpec(resolveSpec({ ...input, lora: { rank: 8, alpha: 16, targetModules } }));
    expect(text('all-linear')).toContain('- **Model**: hf:org/tiny, LoRA adapters of rank 8 on all linear layers\n');
    expect(text(['q_proj', 'v_proj'])).toContain('LoRA adapters of rank 8 on q_proj, v_proj\n');
    expect(text('all-linear')).toContain('answered by Python programs, put as a chat\n');
  });

  it('leaves out what is left out', () => {
    const spec = resolveSpec({
      preset: 'smoke',
      method: 'sft',
      rewardModel: null,
      evaluation: { samplesPerQuestion: 0 },
    });
    expect(describeSpec(spec)).not.toContain('PPO');
    expect(describeSpec(spec)).toContain('- **Evaluation**: greedy answers\n');
  });
});
