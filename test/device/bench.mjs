/**
 * Training and decoding on a GPU, one JSON line a row:
 *
 *   node --import tsx bench.mjs check | train | long | decode | profile  [--provider cpu --small] [--fused] [--modes bfloat16,…] …
 *
 * `--ort` and `--graphs` name the folders of the libraries and of the graphs.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { customDomains, throwFailure } from '../../activities/engine/ort/capi/customOperators.js';
import { openDecoding } from './decoding.mjs';
import {
  attempt,
  flag,
  fusing,
  median,
  onCuda,
  product,
  provider,
  round,
  rt,
  say,
  small,
  timed,
  usedMiB,
} from './device.mjs';
import { batchFeeds, chainFeeds, gradientsOf, openTraining } from './training.mjs';

const list = (name, otherwise) => flag(name, otherwise).split(',');
const model = flag('model', small ? '2' : '30');
const modes = list('modes', onCuda ? 'bfloat16' : 'float32');
const sizes = list('sizes', small ? '2x16' : '8x512').map((size) => size.split('x').map(Number));
/** Whether the kernels of a run are recorded once and replayed. */
const recordings = list('recorded', onCuda ? 'no,yes' : 'no').map((word) => word === 'yes');
const domains = fusing ? customDomains(rt.ort, { provider, index: 0 }) : [];
const shapes = modes.flatMap((mode) => sizes.map(([batch, length]) => ({ mode, batch, length })));

function describeMachine() {
  const query = ['--query-gpu=name,driver_version,memory.total', '--format=csv,noheader'];
  const gpu = onCuda ? execFileSync('nvidia-smi', query, { encoding: 'utf8' }).trim() : 'none';
  return { node: process.version, onnxruntime: rt.version, providers: rt.providers(), gpu };
}

/** Gradients of two layers against those of the CPU provider in float32. */
function check() {
  const [batch, length] = small ? [2, 16] : [4, 64];
  const expected = gradientsOf({ on: 'cpu', mode: 'float32', batch, length });
  for (const mode of modes)
    attempt({ section: 'check', mode, fused: fusing }, () => {
      const found = gradientsOf({ on: provider, mode, batch, length, domains });
      const errors = [...expected.places].map(([name, { offset, shape }]) => {
        let [difference, norm] = [0, 0];
        for (let i = offset; i < offset + product(shape); i++) {
          difference += (found.gradients[i] - expected.gradients[i]) ** 2;
          norm += expected.gradients[i] ** 2;
        }
        return { name, difference, norm, error: Math.sqrt(difference / norm) };
      });
      const total = (what) => errors.reduce((sum, row) => sum + row[what], 0);
      const [worst] = errors.sort((a, b) => b.error - a.error);
      return {
        gradientError: round(Math.sqrt(total('difference') / total('norm'))),
        worst: [worst.name, round(worst.error)],
        loss: [round(found.loss, 6), round(expected.loss, 6)],
      };
    });
}

/** Time and memory of training steps. */
function train() {
  const steps = Number(flag('steps', small ? '3' : '15'));
  const warmUp = 3;
  for (const shape of shapes)
    for (const cudaGraph of recordings)
      attempt({ section: 'train', model, fused: fusing, cudaGraph, ...shape }, () => {
        const training = openTraining({ model, cudaGraph, domains, ...shape });
        const feeds = batchFeeds(shape.batch, shape.length, training.scale);
        const times = { feed: [], gradients: [], update: [], all: [] };
        const losses = [];
        let norm = 0;
        for (let step = 1; step <= steps + warmUp; step++) {
          const start = performance.now();
          const feed = timed(() => training.feed(feeds));
          const gradients = timed(training.run);
          const update = timed(() => training.update(step));
          losses.push(training.loss());
          norm = training.norm();
          const row = { feed, gradients, update, all: performance.now() - start };
          if (step > warmUp) for (const [name, time] of Object.entries(row)) times[name].push(time);
        }
        const result = {
          milliseconds: Object.fromEntries(Object.entries(times).map(([name, all]) => [name, round(median(all))])),
          tokensPerSecond: Math.round((training.count / median(times.all)) * 1000),
          losses: [losses[0], losses.at(-1)].map((x) => round(x, 6)),
          norm: round(norm),
          sessionSeconds: round(training.seconds, 3),
          stateMiB: Math.round(training.stateBytes / 2 ** 20),
          usedMiB: usedMiB(),
        };
        training.release();
        return result;
      });
}

/** Many steps, each on fresh data: whether losses stay finite and how low they come. */
function long() {
  const steps = Number(flag('steps', small ? '12' : '1000'));
  for (const shape of shapes)
    attempt({ section: 'long', model, fused: fusing, ...shape }, () => {
      const training = openTraining({ model, cudaGraph: onCuda, domains, ...shape });
      const losses = [];
      const norms = [];
      const start = performance.now();
      for (let step = 1; step <= steps; step++) {
        training.feed(chainFeeds(shape.batch, shape.length, training.scale, step));
        training.run();
        training.update(step);
        losses.push(training.loss());
        norms.push(training.norm());
      }
      const seconds = (performance.now() - start) / 1000;
      training.release();
      const mean = (values) => round(values.reduce((a, b) => a + b, 0) / values.length, 5);
      const finite = norms.filter(Number.isFinite);
      return {
        steps,
        seconds: round(seconds),
        curve: [0, 50, 100, 200, 400, 700].filter((at) => at < steps).map((at) => mean(losses.slice(at, at + 10))),
        last100: mean(losses.slice(-100)),
        skipped: norms.length - finite.length,
        largestNorm: round(Math.max(...finite)),
      };
    });
}

/** Time of decoding steps: rows sampled inside the graph, weights and cache on the device. */
function decode() {
  const [steps, warmUp] = small ? [6, 2] : [150, 20];
  const capacity = small ? 32 : 512;
  for (const type of list('types', onCuda ? 'bfloat16' : 'float16'))
    for (const form of list('forms', 'step'))
      for (const rows of list('rows', small ? '2' : '1,32,256').map(Number))
        for (const cudaGraph of recordings)
          attempt({ section: 'decode', model, form, type, rows, cudaGraph }, () => {
            const decoding = openDecoding({ graph: `${form}-${model}-${type}`, rows, capacity, cudaGraph });
            const times = Array.from({ length: steps }, (_, position) => timed(() => decoding.step(position)));
            const middle = median(times.slice(warmUp));
            const result = {
              milliseconds: round(middle),
              first: round(times[0]),
              tokensPerSecond: Math.round((rows / middle) * 1000),
              logProb: round(decoding.logProbs[0]),
              usedMiB: usedMiB(),
            };
            decoding.release();
            return result;
          });
}

/** Kernel times by name through kernelTimes.c, of gradients in a CUDA graph. Writes kernels-….tsv into $OUT. */
function profile() {
  const library = rt.koffi.load(join(flag('ort', '.'), 'libkernelTimes.so'));
  const start = library.func('int kernel_times_start()');
  const stop = library.func('int kernel_times_stop(const char *file)');
  const runs = 5;
  for (const shape of shapes)
    attempt({ section: 'profile', model, fused: fusing, ...shape }, () => {
      const training = openTraining({ model, cudaGraph: true, domains, ...shape });
      for (let i = 0; i < runs; i++) training.run();
      start();
      const wall = timed(() => {
        for (let i = 0; i < runs; i++) training.run();
      });
      const name = `kernels-${shape.mode}${fusing ? '-fused' : ''}-${shape.batch}x${shape.length}.tsv`;
      const file = join(process.env.OUT ?? '.', name);
      stop(file);
      const rows = readFileSync(file, 'utf8').trim().split('\n').slice(1);
      const sum = (column) => rows.reduce((total, row) => total + Number(row.split('\t')[column]), 0) / runs;
      training.release();
      return {
        wallMilliseconds: round(wall / runs),
        kernelMilliseconds: round(sum(0) / 1e6),
        kernels: sum(1),
        file: name,
      };
    });
  // CUPTI may end the process in a segmentation fault at its exit.
  process.on('exit', () => process.reallyExit(0));
}

const sections = { check, train, long, decode, profile };
const section = sections[process.argv[2]];
if (!section) throw new Error(`name one of ${Object.keys(sections).join(', ')}`);
say({ section: 'machine', ...describeMachine() });
section();
// An operator of our own that failed: the figures are not to be trusted.
throwFailure();
