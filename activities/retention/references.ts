/** The objects that JSON names, wherever in it. Pure. */

export interface References {
  /** sha256 of objects. */
  readonly objects: Set<string>;
  /** Of them those that are manifests of checkpoints, which name further objects. */
  readonly manifests: Set<string>;
}

export function noReferences(): References {
  return { objects: new Set(), manifests: new Set() };
}

const sha256Form = /^[0-9a-f]{64}$/;
const checkpointForm = /^checkpoint:([0-9a-f]{64})$/;
const annotationForm = /^annotation:([0-9a-f]{64})$/;

/**
 * Adds what `value` names: an `ObjectRef`, a `CheckpointRef`, whatever `result.json` says of the final checkpoint (its sha256 and step), and
 * `checkpoint:<sha256>`, as an evaluation names a model, and `annotation:<sha256>`, as data are named.
 */
export function addReferences(value: unknown, to: References): void {
  if (typeof value === 'string') {
    const named = checkpointForm.exec(value)?.[1];
    if (named !== undefined) addManifest(named, to);
    const rows = annotationForm.exec(value)?.[1];
    if (rows !== undefined) to.objects.add(rows);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if ('sha256' in value && typeof value.sha256 === 'string' && sha256Form.test(value.sha256)) {
    if ('step' in value) addManifest(value.sha256, to);
    else if ('key' in value) to.objects.add(value.sha256);
  }
  for (const part of Object.values(value)) addReferences(part, to);
}

function addManifest(sha256: string, { objects, manifests }: References): void {
  objects.add(sha256);
  manifests.add(sha256);
}
