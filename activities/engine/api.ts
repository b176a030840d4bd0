/**
 * The engine's tasks: what can be asked of the engine process, in files and arrays. Nothing here knows of Temporal or S3.
 *
 * A model on disk is a `ModelFiles`: the config in Hugging Face form, parameters in safetensors under Hugging Face names,
 * and for training both Adam moments (safetensors: `m.<name>`, `v.<name>`).
 */
/** What a random number is for: part of the counter-based generator's key, so no two uses share a stream. */
export type RandomPurpose =
  | 'initialise'
  | 'order-warm-up'
  | 'order-sft'
  | 'order-rollout'
  | 'order-mini-batch'
  | 'order-self-training'
  | 'order-reward-model'
  | 'generate-problems'
  | 'split-validation'
  | 'rollout'
  | 'sample-test'
  | 'sample-self-training'
  | 'sample-reward-model'
  | 'bootstrap';

/** How rotary frequencies are stretched for sequences longer than the base model was trained on, as `config.json` has it. */
export type RopeScaling =
  | { readonly rope_type: 'linear'; readonly factor: number }
  | {
      readonly rope_type: 'llama3';
      readonly factor: number;
      readonly low_freq_factor: number;
      readonly high_freq_factor: number;
      readonly original_max_position_embeddings: number;
    };

/** The tokens of `config.json`; what is null or a list there is settled when a model is imported. */
interface TokenConfig {
  readonly bos_token_id: number | null;
  readonly eos_token_id: number;
  readonly pad_token_id: number;
}

/** What Llama and Qwen2 have in common: RMSNorm, rotary embedding, grouped-query attention, SwiGLU. */
export interface RotaryDecoderConfig extends TokenConfig {
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  /** Absent: `hidden_size / num_attention_heads`. */
  readonly head_dim?: number;
  readonly max_position_embeddings: number;
  readonly rms_norm_eps: number;
  readonly rope_theta: number;
  readonly rope_scaling?: RopeScaling;
  readonly tie_word_embeddings: boolean;
}

/** The fields of a Hugging Face `config.json` of architecture Llama that the engine reads; the others likewise. */
export interface LlamaConfig extends RotaryDecoderConfig {
  readonly architectures: readonly ['LlamaForCausalLM'];
  readonly model_type: 'llama';
}

export interface Qwen2Config extends RotaryDecoderConfig {
  readonly architectures: readonly ['Qwen2ForCausalLM'];
  readonly model_type: 'qwen2';
}

export interface Gpt2Config extends TokenConfig {
  readonly architectures: readonly ['GPT2LMHeadModel'];
  readonly model_type: 'gpt2';
  readonly vocab_size: number;
  readonly n_embd: number;
  readonly n_inner: number;
  readonly n_layer: number;
  readonly n_head: number;
  readonly n_positions: number;
  readonly layer_norm_epsilon: number;
  readonly tie_word_embeddings: boolean;
}

/** OPT, and Galactica, which is an OPT with another activation. */
export interface OptConfig extends TokenConfig {
  readonly architectures: readonly ['OPTForCausalLM'];
  readonly model_type: 'opt';
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly ffn_dim: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly max_position_embeddings: number;
  readonly activation_function: 'relu' | 'gelu';
  /** Whether linear layers have biases. */
  readonly enable_bias: boolean;
  /** Whether LayerNorms have gains and biases. */
  readonly layer_norm_elementwise_affine: boolean;
  readonly tie_word_embeddings: boolean;
}

export type ModelConfig = LlamaConfig | Qwen2Config | Gpt2Config | OptConfig;

/** Low-rank adapters, described as in PEFT's adapter_config.json (`r`, `lora_alpha`, `target_modules`). */
export interface LoraConfig {
  readonly rank: number;
  /** B·A is multiplied by alpha / rank. */
  readonly alpha: number;
  /** Last parts of module names (`q_proj`, … `down_proj`), or every linear layer but the head. */
  readonly targetModules: 'all-linear' | readonly string[];
}

export interface ModelFiles {
  readonly config: ModelConfig;
  readonly parameters: string;
  /**
   * Present in LoRA training: `parameters` are frozen, and only this file (adapters under PEFT's names, and the value or reward
   * head) and its moments are trained and written.
   */
  readonly adapters?: { readonly file: string; readonly lora: LoraConfig };
  /** Absent: training starts with zero moments. */
  readonly moments?: string;
  /** AdamW updates behind `moments`; bias correction counts from it. */
  readonly step: number;
}

export interface Optimiser {
  readonly learningRates: readonly number[];
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly clipNorm: number;
}

/** A prompt with its answer; losses touch the answer's tokens only. */
export interface TokenSequence {
  readonly prompt: readonly number[];
  readonly answer: readonly number[];
}

export interface TaskContext {
  /** Called from time to time with work done of work in all. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export interface EngineWork {
  readonly seconds: number;
  readonly forwardTokens: number;
  readonly backwardTokens: number;
  readonly generatedTokens: number;
}

/** Writes a freshly initialised model to `outputDirectory`. Normal(0, 0.02) weights, norms at one. */
export interface InitialiseTask {
  readonly input: { readonly config: LlamaConfig; readonly seed: number; readonly outputDirectory: string };
  readonly output: { readonly files: ModelFiles };
}

/** Reads a pretrained model's safetensors and writes them to `outputDirectory` in float32, under the names of `config`'s model. */
export interface ImportModelTask {
  readonly input: {
    readonly config: ModelConfig;
    /** A Hugging Face folder: `model.safetensors`, or `model.safetensors.index.json` with its shards. */
    readonly directory: string;
    readonly outputDirectory: string;
  };
  readonly output: { readonly files: ModelFiles };
}

/**
 * Puts adapters on a model that has none, PEFT's initial values: what it computes stays the same. Writes the adapters only.
 * InvalidModel where a layer they are meant for takes none.
 */
export interface AddAdaptersTask {
  readonly input: {
    readonly model: ModelFiles;
    readonly lora: LoraConfig;
    readonly seed: number;
    readonly outputDirectory: string;
  };
  readonly output: { readonly files: ModelFiles };
}

/** `tokenWeight` is what each of its answer tokens weighs in the batch's loss; left out, all tokens of the batch share 1. */
export interface WeightedSequence extends TokenSequence {
  readonly tokenWeight?: number;
}

/** A kind of training step that a run will take, at its largest. */
export interface PlannedStep {
  /** What the caller knows it by. */
  readonly name: string;
  /** `policy` is PPO, `groupPolicy` GRPO or RLOO. */
  readonly objective: 'supervised' | 'policy' | 'groupPolicy' | 'rewardModel';
  readonly sequences: number;
  /** Tokens of each, at most. */
  readonly promptTokens: number;
  readonly answerTokens: number;
}

/** What steps need in memory, told before any is taken. InsufficientMemory where one cannot fit. */
export interface PlanTrainingTask {
  readonly input: {
    readonly config: ModelConfig;
    readonly lora?: LoraConfig;
    readonly steps: readonly PlannedStep[];
  };
  readonly output: {
    /**
     * In order. `bytes` is the engine process's memory at its peak, scoring of rollouts included; a batch too large for one run
     * is split.
     */
    readonly steps: readonly { readonly name: string; readonly bytes: number; readonly microBatches: number }[];
    /** What training may take of `machineBytes`, the memory of the machine or its container. */
    readonly usableBytes: number;
    readonly machineBytes: number;
  };
}

/** One optimiser step a batch, in order; `learningRates` has one entry a batch. */
export interface TrainSupervisedTask {
  readonly input: {
    readonly model: ModelFiles;
    readonly batches: readonly (readonly WeightedSequence[])[];
    readonly optimiser: Optimiser;
    readonly outputDirectory: string;
  };
  readonly output: {
    readonly files: ModelFiles;
    readonly loss: number;
    readonly gradientNorm: number;
    readonly work: EngineWork;
  };
}

export interface GenerateTask {
  readonly input: {
    readonly model: ModelFiles;
    /** Distinct prompts; `samples` answers are drawn for each. */
    readonly prompts: readonly { readonly example: number; readonly tokens: readonly number[] }[];
    readonly samples: number;
    /** 0 is greedy, 1 samples from the model's distribution. */
    readonly temperature: 0 | 1;
    readonly maxAnswerTokens: number;
    readonly endToken: number;
    readonly padToken: number;
    readonly random: { readonly seed: number; readonly purpose: RandomPurpose; readonly round: number };
  };
  readonly output: {
    /** In order of prompt, then sample. */
    readonly answers: readonly {
      readonly example: number;
      readonly sample: number;
      readonly tokens: readonly number[];
      readonly logProbs: readonly number[];
      readonly truncated: boolean;
    }[];
    readonly work: EngineWork;
  };
}

/** Means over a PPO round. KL is in nats; `klPerToken` is the mean of log π_old − log π_ref over answer tokens. */
export interface PolicyMetrics {
  readonly policyLoss: number;
  readonly valueLoss: number;
  readonly klPerToken: number;
  readonly klPerSequence: number;
  /** klCoefficient · klPerSequence: what the penalty takes off an answer's reward, on average. */
  readonly klPenalty: number;
  /** Of the distributions that answer tokens were drawn from, a token and a whole answer. */
  readonly entropy: number;
  readonly entropyPerSequence: number;
  readonly clipFraction: number;
  readonly ratio: number;
  /** Of any token in any step. */
  readonly largestRatio: number;
  /** KL(π_old ‖ π) a token: how far the steps have moved the policy. */
  readonly approximateKl: number;
  readonly explainedVariance: number;
  readonly gradientNorm: number;
  readonly answerLength: number;
  /** Largest |log π sampled − log π recomputed|: how far the decoder is from the training graph. */
  readonly samplerMismatch: number;
}

/** One PPO batch: log-probabilities, values, KL, GAE, whitening, then `passes` × mini-batches of AdamW. */
export interface TrainPolicyTask {
  readonly input: {
    readonly model: ModelFiles;
    readonly reference: ModelFiles;
    readonly rollouts: readonly (TokenSequence & { readonly reward: number; readonly logProbs: readonly number[] })[];
    /** For each optimiser step, the rollouts it takes (indices), and its learning rate in `optimiser`. */
    readonly miniBatches: readonly (readonly number[])[];
    readonly optimiser: Optimiser;
    readonly klCoefficient: number;
    readonly valueCoefficient: number;
    readonly discount: number;
    readonly gaeLambda: number;
    readonly clipRange: number;
    readonly valueClipRange: number;
    readonly outputDirectory: string;
  };
  readonly output: {
    readonly files: ModelFiles;
    readonly metrics: PolicyMetrics;
    readonly work: EngineWork;
  };
}

/** Means over a round of GRPO or RLOO; names as in `PolicyMetrics`. */
export interface GroupPolicyMetrics extends Omit<PolicyMetrics, 'valueLoss' | 'explainedVariance'> {
  /** Mean of the estimate of KL(π ‖ π_ref) a token that the loss has, before its coefficient. */
  readonly klLoss: number;
  /** Share of questions whose answers differ in reward: the others teach nothing. */
  readonly mixedGroups: number;
}

/** How answer tokens share a mini-batch's loss (`losses/normalisation.ts`). */
export type LossNormalisation = 'sequence' | 'token' | 'constant';

/** One batch of GRPO or RLOO: advantages by comparison within groups of answers, then the mini-batches, one AdamW step each. */
export interface TrainGroupPolicyTask {
  readonly input: {
    readonly model: ModelFiles;
    readonly reference: ModelFiles;
    /** `group` says which question an answer belongs to. */
    readonly rollouts: readonly (TokenSequence & {
      readonly group: number;
      readonly reward: number;
      readonly logProbs: readonly number[];
    })[];
    /** For each optimiser step, the rollouts it takes (indices), and its learning rate in `optimiser`. */
    readonly miniBatches: readonly (readonly number[])[];
    readonly optimiser: Optimiser;
    readonly baseline: 'group' | 'leave-one-out';
    readonly scaleAdvantages: boolean;
    readonly normalisation: LossNormalisation;
    /** What the normalisation `constant` divides by. */
    readonly maxAnswerTokens: number;
    readonly klCoefficient: number;
    readonly klPlacement: 'reward' | 'loss';
    readonly clipRange: number;
    readonly outputDirectory: string;
  };
  readonly output: {
    readonly files: ModelFiles;
    readonly metrics: GroupPolicyMetrics;
    readonly work: EngineWork;
  };
}

/**
 * What policy training says of a round's rollouts before it updates, for methods that need none of it to train. Their own
 * log-probabilities stand for the policy, so that the reference alone is run.
 */
export interface DiagnoseRolloutsTask {
  readonly input: {
    readonly reference: ModelFiles;
    readonly rollouts: readonly (TokenSequence & { readonly logProbs: readonly number[] })[];
  };
  readonly output: {
    readonly metrics: Pick<PolicyMetrics, 'klPerToken' | 'klPerSequence' | 'entropy' | 'entropyPerSequence'>;
    readonly work: EngineWork;
  };
}

/** Two-class training: is this answer right? A model without the two-class head gets one. */
export interface TrainRewardModelTask {
  readonly input: {
    readonly model: ModelFiles;
    readonly batches: readonly (readonly (TokenSequence & { readonly correct: boolean })[])[];
    readonly optimiser: Optimiser;
    readonly seed: number;
    readonly outputDirectory: string;
  };
  readonly output: {
    readonly files: ModelFiles;
    readonly loss: number;
    readonly accuracy: number;
    readonly gradientNorm: number;
    readonly work: EngineWork;
  };
}

/** Probability of being right for each sequence, in order. */
export interface JudgeTask {
  readonly input: { readonly model: ModelFiles; readonly sequences: readonly TokenSequence[] };
  readonly output: { readonly probabilities: readonly number[]; readonly work: EngineWork };
}

export interface EngineTasks {
  readonly initialise: InitialiseTask;
  readonly importModel: ImportModelTask;
  readonly addAdapters: AddAdaptersTask;
  readonly planTraining: PlanTrainingTask;
  readonly trainSupervised: TrainSupervisedTask;
  readonly generate: GenerateTask;
  readonly trainPolicy: TrainPolicyTask;
  readonly trainGroupPolicy: TrainGroupPolicyTask;
  readonly diagnoseRollouts: DiagnoseRolloutsTask;
  readonly trainRewardModel: TrainRewardModelTask;
  readonly judge: JudgeTask;
}
export type TaskName = keyof EngineTasks;

/** What a running task reports to, and asks from time to time. */
export interface RunContext {
  readonly onProgress: (done: number, total: number) => void;
  readonly isCancelled: () => boolean;
}

/** A task's implementation, run inside the engine process. */
export type TaskFunction<Name extends TaskName> = (
  input: EngineTasks[Name]['input'],
  context: RunContext,
) => Promise<EngineTasks[Name]['output']>;

/** The engine as the activities see it: one process, one task at a time. */
export interface Engine {
  run<Name extends TaskName>(
    task: Name,
    input: EngineTasks[Name]['input'],
    context?: TaskContext,
  ): Promise<EngineTasks[Name]['output']>;
  close(): Promise<void>;
}
