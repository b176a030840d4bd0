"""PyTorch's side: training steps and generation of the same shapes. python3 pytorch.py train|generate|static|compile|qwen [--small]: a JSON line a row."""
import json, statistics, sys, time
import torch
from transformers import LlamaConfig, LlamaForCausalLM

small = "--small" in sys.argv
what = sys.argv[1]
device = "cuda" if torch.cuda.is_available() else "cpu"
layers = 2 if small else 30
base = dict(vocab_size=49152, hidden_size=576, intermediate_size=1536, num_hidden_layers=layers, num_attention_heads=9, num_key_value_heads=3, max_position_embeddings=2048, tie_word_embeddings=True, bos_token_id=0, eos_token_id=0, attn_implementation="sdpa")
def settings():
    try:
        return LlamaConfig(**base, rope_theta=100000.0)
    except TypeError:
        return LlamaConfig(**base, rope_parameters={"rope_type": "default", "rope_theta": 100000.0})
def say(**row):
    print(json.dumps(row), flush=True)
def synchronize():
    if device == "cuda":
        torch.cuda.synchronize()
def mib(x):
    return round(x / 2**20)
say(section="peer", torch=torch.__version__, device=torch.cuda.get_device_name() if device == "cuda" else "cpu")

def qwen():
    from transformers import Qwen2Config, Qwen2ForCausalLM
    q = dict(vocab_size=151936, hidden_size=896, intermediate_size=4864, num_hidden_layers=24, num_attention_heads=14, num_key_value_heads=2, max_position_embeddings=2048, tie_word_embeddings=True, attn_implementation="sdpa")
    return Qwen2ForCausalLM(Qwen2Config(**q))

def train(mode, batch, length, compiled=False, other=None):
    torch.backends.cuda.matmul.allow_tf32 = mode != "float32"
    if device == "cuda":
        torch.cuda.empty_cache(); torch.cuda.reset_peak_memory_stats()
    with torch.device(device):
        model = other() if other else LlamaForCausalLM(settings())
    model.train()
    if mode == "pure bfloat16":
        model = model.to(torch.bfloat16)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-4, fused=device == "cuda")
    scaler = torch.amp.GradScaler(device, enabled=mode == "float16")
    run = torch.compile(model) if compiled else model
    tokens = (torch.arange(batch * length, device=device).view(batch, length) * 7) % 1009 + 2
    times, losses = [], []
    half = {"bfloat16": torch.bfloat16, "float16": torch.float16}.get(mode)
    for _ in range(3 if small else 16):
        synchronize(); start = time.perf_counter()
        with torch.autocast(device, dtype=half or torch.bfloat16, enabled=half is not None):
            loss = run(input_ids=tokens, labels=tokens, use_cache=False).loss
        scaler.scale(loss).backward()
        scaler.unscale_(optimiser)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimiser); scaler.update()
        optimiser.zero_grad(set_to_none=True)
        losses.append(loss.item()); synchronize()
        times.append(time.perf_counter() - start)
    middle = statistics.median(times[3:] or times)
    say(section="peer train", mode=mode + (" compiled" if compiled else ""), model=other.__name__ if other else "smollm2", batch=batch, length=length, layers=layers, milliseconds=round(middle * 1000, 3), tokensPerSecond=round(batch * length / middle), losses=[losses[0], losses[-1]], peakMiB=mib(torch.cuda.max_memory_allocated()) if device == "cuda" else None, reservedMiB=mib(torch.cuda.max_memory_reserved()) if device == "cuda" else None, first=round(times[0], 2))

def generate(rows, cache=None, new=128):
    with torch.device(device):
        model = LlamaForCausalLM(settings()).to(torch.bfloat16)
    model.eval()
    prompt = (torch.arange(rows * 16, device=device).view(rows, 16) * 7) % 1009 + 2
    options = dict(attention_mask=torch.ones_like(prompt), max_new_tokens=new, min_new_tokens=new, do_sample=True, top_k=0, top_p=1.0, temperature=1.0, pad_token_id=0)
    if cache: options["cache_implementation"] = cache
    times = []
    for _ in range(3):
        synchronize(); start = time.perf_counter()
        with torch.inference_mode():
            result = model.generate(prompt, **options)
        synchronize(); times.append(time.perf_counter() - start)
    middle = min(times[1:])
    say(section="peer generate", cache=cache or "dynamic", rows=rows, new=result.shape[1] - 16, seconds=round(middle, 3), millisecondsAToken=round(middle / new * 1000, 3), tokensPerSecond=round(rows * new / middle), first=round(times[0], 2), peakMiB=mib(torch.cuda.max_memory_allocated()) if device == "cuda" else None)

def attempt(f, *arguments, **named):
    try:
        f(*arguments, **named)
    except Exception as error:
        say(section="peer", failed=f.__name__, arguments=str(arguments), error=str(error)[:400])

sizes = [(2, 16)] if small else [(16, 128), (8, 512), (32, 512)]
if what == "train":
    for mode in ("bfloat16", "pure bfloat16", "tf32", "float32", "float16"):
        for size in sizes[:3 if mode == "bfloat16" else 2]:
            attempt(train, mode, *size)
if what == "generate":
    for rows in ([2] if small else [1, 32, 256]):
        attempt(generate, rows, new=8 if small else 128)
if what == "static":
    for rows in [256, 32]:
        attempt(generate, rows, cache="static")
if what == "compile":
    for size in [(8, 512), (32, 512), (16, 128)]:
        attempt(train, "bfloat16", *size, compiled=True)
if what == "qwen":
    for size in [(8, 512), (16, 128)]:
        attempt(train, "bfloat16", *size, other=qwen)
