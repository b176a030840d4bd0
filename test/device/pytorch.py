"""PyTorch's side of the rows that run.sh measures: the same shapes, lengths and updates. pytorch.py --list | NAME [--small]: a JSON line."""
import json, math, statistics, sys, time

small = "--small" in sys.argv
SHAPES = {
    "smollm2": dict(vocab_size=49152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9, num_key_value_heads=3),
    "qwen": dict(vocab_size=151936, hidden_size=896, intermediate_size=4864, num_hidden_layers=24, num_attention_heads=14, num_key_value_heads=2),
}
NARROW = dict(vocab_size=1536, hidden_size=96, intermediate_size=192, num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=2)
ROWS = ["pytorch-train-smollm2", "pytorch-rollouts-64", "pytorch-rollouts-256", "pytorch-rollouts-256-static", "pytorch-train-qwen", "pytorch-train-qwen-lora"]
if "--list" in sys.argv:
    print("\n".join(ROWS)); sys.exit()

import torch
from transformers import LlamaConfig, LlamaForCausalLM

device = "cuda" if torch.cuda.is_available() else "cpu"

def numbers_from(seed):
    """As rows/models.ts has it, and so are the lengths."""
    state = (seed * 7919 + 17) & 0x7FFFFFFF
    while True:
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        yield state / 0x80000000

def lengths(count, seed=1):
    numbers = numbers_from(seed)
    return [(30 + math.floor(90 * next(numbers)), 40 + math.floor(260 * next(numbers) ** 2)) for _ in range(count)]

def synchronize():
    if device == "cuda":
        torch.cuda.synchronize()

def peak():
    return round(torch.cuda.max_memory_allocated() / 2**20) if device == "cuda" else None

def model_of(name):
    shape = NARROW if small else SHAPES[name]
    more = dict(max_position_embeddings=1024, tie_word_embeddings=True, bos_token_id=0, eos_token_id=0, attn_implementation="sdpa")
    with torch.device(device):
        return LlamaForCausalLM(LlamaConfig(**shape, **more))

class Lora(torch.nn.Module):
    """A frozen linear layer and its adapter, of rank 16 and alpha 32."""
    def __init__(self, linear):
        super().__init__()
        self.linear = linear.requires_grad_(False)
        self.down = torch.nn.Linear(linear.in_features, 16, bias=False, device=device)
        self.up = torch.nn.Linear(16, linear.out_features, bias=False, device=device)
        torch.nn.init.zeros_(self.up.weight)
    def forward(self, x):
        return self.linear(x) + 2 * self.up(self.down(x))

def adapt(model):
    model.requires_grad_(False)
    for layer in model.model.layers:
        for part in (layer.self_attn, layer.mlp):
            for name, child in list(part.named_children()):
                if isinstance(child, torch.nn.Linear):
                    setattr(part, name, Lora(child))

def train(name, lora=False):
    """bfloat16 by autocast, SDPA, fused AdamW; sequences padded to the longest, labels where answers are."""
    model = model_of(name).train()
    if lora:
        adapt(model)
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=3e-4, weight_decay=0.01, fused=device == "cuda")
    sizes = lengths(2 if small else 32)
    longest = max(prompt + answer for prompt, answer in sizes)
    tokens = torch.zeros(len(sizes), longest, dtype=torch.long); mask = torch.zeros_like(tokens); labels = torch.full_like(tokens, -100)
    for row, (prompt, answer) in enumerate(sizes):
        end = prompt + answer
        tokens[row, :end] = 2 + torch.arange(end) * 7 % 1009
        mask[row, :end] = 1
        labels[row, prompt:end] = tokens[row, prompt:end]
    tokens, mask, labels = (x.to(device) for x in (tokens, mask, labels))
    times = []
    for _ in range(3 if small else 15):
        synchronize(); start = time.perf_counter()
        with torch.autocast(device, dtype=torch.bfloat16):
            loss = model(input_ids=tokens, attention_mask=mask, labels=labels, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step(); optimiser.zero_grad(set_to_none=True)
        value = loss.item(); synchronize()
        times.append(time.perf_counter() - start)
    middle = statistics.median(times[3:] or times[1:])
    count = sum(prompt + answer for prompt, answer in sizes)
    return dict(tokens=count, milliseconds=round(middle * 1000, 3), tokensPerSecond=round(count / middle), loss=value, peakMiB=peak())

def rollouts(rows, cache=None):
    """Sampling in bfloat16, 128 new tokens; log-probabilities are not asked for."""
    model = model_of("smollm2").to(torch.bfloat16).eval()
    rows, new = (4, 8) if small else (rows, 128)
    longest = max(prompt for prompt, _ in lengths(rows))
    prompts = torch.zeros(rows, longest, dtype=torch.long); mask = torch.zeros_like(prompts)
    for row, (prompt, _) in enumerate(lengths(rows)):
        prompts[row, longest - prompt:] = 2 + torch.arange(prompt) * 7 % 1009
        mask[row, longest - prompt:] = 1
    options = dict(max_new_tokens=new, min_new_tokens=new, do_sample=True, top_k=0, top_p=1.0, temperature=1.0, pad_token_id=0)
    if cache:
        options["cache_implementation"] = cache
    times = []
    for _ in range(2):
        synchronize(); start = time.perf_counter()
        with torch.inference_mode():
            model.generate(prompts.to(device), attention_mask=mask.to(device), **options)
        synchronize(); times.append(time.perf_counter() - start)
    return dict(rows=rows, tokens=rows * new, seconds=round(times[1], 3), tokensPerSecond=round(rows * new / times[1]), peakMiB=peak())

row = sys.argv[1]
_, kind, what, *options = row.split("-")
start = time.perf_counter()
figures = train(what, "lora" in options) if kind == "train" else rollouts(int(what), *options)
card = torch.cuda.get_device_name() if device == "cuda" else "cpu"
print(json.dumps(dict(row=row, device=card, torch=torch.__version__, **figures, took=round(time.perf_counter() - start, 1)), separators=(",", ":")))
