/** Fetches a file of a hub's model in a process of its own, whose environment says how: `hubClient.ts FILE TARGET`. */
import { hubFromEnvironment, openHub } from '../../../activities/pretrained/hub.js';

const [, , file = '', target = ''] = process.argv;
const model = await openHub('model', 'org/tiny', 'main', hubFromEnvironment(process.env));
await model.fetch(file, target, { onBytes: () => undefined, signal: new AbortController().signal });
