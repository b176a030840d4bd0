/**
 * Whether a text is, or carries, a secret. A specification is kept in histories, results and reports, where whoever may look at a run can
 * read it: so it holds none, and says by the name of an environment variable where one is.
 *
 * Only what is surely one is found: addresses with a password or a signature in them, and the forms of well-known keys and tokens.
 */

interface Kind {
  readonly name: string;
  readonly instead: string;
  readonly isIn: (text: string) => boolean;
}

const storage = 'give s3://bucket/key, and the key in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the workers';
const scorer = 'of a scorer, give it by `header`, whose value is in an environment variable of the workers';

/** Names of the parameters by which addresses are signed or opened, without dashes and underscores. */
const secretParameters = new Set([
  'xamzsignature',
  'xamzcredential',
  'xamzsecuritytoken',
  'xgoogsignature',
  'xgoogcredential',
  'signature',
  'sig',
  'token',
  'accesstoken',
  'authtoken',
  'apikey',
  'apitoken',
  'secret',
  'clientsecret',
  'password',
  'passwd',
  'pwd',
  'credential',
  'credentials',
]);

const kinds: readonly Kind[] = [
  {
    name: 'an address with a user name or password',
    instead: `${storage}; ${scorer}`,
    isIn: (text) => /^\s*[a-z][a-z0-9+.-]*:\/\/[^/?#\s]*@/i.test(text),
  },
  {
    name: 'an address with a signature or token',
    instead: `${storage}; of the hub, the token in HF_TOKEN; ${scorer}`,
    isIn: (text) => isAddress(text) && parametersOf(text).some((name) => secretParameters.has(name)),
  },
  { name: 'an access key of S3', instead: storage, isIn: (text) => /\b(AKIA|ASIA)[A-Z0-9]{16}\b/.test(text) },
  {
    name: 'a token of the Hugging Face hub',
    instead: 'give it in HF_TOKEN of the workers',
    isIn: (text) => /\bhf_[A-Za-z0-9]{30,}/.test(text),
  },
  {
    name: 'a key or token of a service',
    instead: scorer,
    isIn: (text) =>
      /\b(sk-[A-Za-z0-9_-]{20,}|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,}|glpat-[\w-]{20,}|xox[abprs]-[\w-]{10,})/.test(
        text,
      ) ||
      /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/.test(text) ||
      /\bBearer\s+[\w.~+/-]{16,}/.test(text),
  },
  {
    name: 'a private key',
    instead: 'give it in a file that the workers’ settings name',
    isIn: (text) => /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text),
  },
];

/** What kind of secret a text holds, and what to do instead; undefined where it holds none. */
export function secretIn(text: string): string | undefined {
  const found = kinds.find(({ isIn }) => isIn(text));
  return found === undefined ? undefined : `${found.name}; ${found.instead}`;
}

function isAddress(text: string): boolean {
  return /^\s*[a-z][a-z0-9+.-]*:\/\/\S*$/i.test(text.trimEnd());
}

/** Names of the parameters that have a value, behind `?` or in the fragment. */
function parametersOf(address: string): readonly string[] {
  return address
    .split(/[?#&;]/)
    .slice(1)
    .flatMap((part) => {
      const end = part.indexOf('=');
      return end > 0 && end < part.length - 1 ? [part.slice(0, end).toLowerCase().replace(/[-_]/g, '')] : [];
    });
}
