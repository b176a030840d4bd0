/**
 * Which addresses requests for models, data and scores may go to. A specification names them, and servers lead to others, so they are a
 * stranger's: none may have a worker ask what only its own machine is told, above all the credentials that clouds hand out there.
 *
 * A worker's own network is not refused by itself, since teams keep data and scorers on it. `REFT_REFUSE_ADDRESSES` refuses it.
 */
import { lookup as lookUp } from 'node:dns';
import { BlockList, isIP, isIPv6, type LookupFunction } from 'node:net';
import { InvalidSettings } from '../errors.js';

/** Where no model, data or scorer ever is. */
const neverMeant: readonly string[] = [
  // Link-local: metadata and credentials of AWS, Google Cloud, Azure, of containers on them; and as it is written in IPv6.
  ...['169.254.0.0/16', 'fe80::/10', '64:ff9b::a9fe:0/112', '2002:a9fe::/32'],
  // The same of AWS and Google Cloud in IPv6, of Azure, Alibaba and Oracle.
  ...['fd00:ec2::/32', 'fd20:ce::/32', '168.63.129.16', '100.100.100.200', '192.0.0.192'],
  // No host at all, or many.
  ...['0.0.0.0/8', '::', '224.0.0.0/4', '255.255.255.255', 'ff00::/8'],
];

/** A request that is not sent. It is no failure by itself: who asked says what cannot be used. */
export class RefusedAddress extends Error {
  override readonly name = 'RefusedAddress';

  constructor(host: string, address: string) {
    const what = host === address ? address : `${host}, which is ${address},`;
    super(
      `requests to ${what} are refused: it is no address of models, data or scorers (REFT_ALLOW_ADDRESSES of the workers allows it)`,
    );
  }
}

/** The refusal that an error of `fetch` carries, if any. */
export function refusalIn(error: unknown): RefusedAddress | undefined {
  if (error instanceof RefusedAddress) return error;
  return error instanceof Error && error.cause !== undefined ? refusalIn(error.cause) : undefined;
}

/** Refuses addresses, by the environment. */
export interface AddressRule {
  /** @throws RefusedAddress for a host that is written as a number; names are looked up when they are connected to. */
  check(address: URL): void;
  /** Looks a name up, as sockets ask for it: no address that is refused comes of it. */
  readonly lookup: LookupFunction;
}

/** @throws InvalidSettings when a variable names what is no address or range */
export function addressRule(environment: NodeJS.ProcessEnv): AddressRule {
  const refused = [listOf(neverMeant, ''), fromVariable('REFT_REFUSE_ADDRESSES', environment)];
  const allowed = fromVariable('REFT_ALLOW_ADDRESSES', environment);
  const check = (host: string, given: string): void => {
    const address = given.replace(/%.*$/, '');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    const isRefused = refused.some((list) => list.check(address, family)) && !allowed.check(address, family);
    if (isRefused) throw new RefusedAddress(host, address);
  };
  return {
    check({ hostname }) {
      const host = hostname.replace(/^\[(.*)\]$/, '$1');
      if (isIP(host) !== 0) check(host, host);
    },
    lookup(host, options, tell) {
      lookUp(host, { ...options, all: true }, (error, found) => {
        if (error) return tell(error, []);
        try {
          for (const { address } of found) check(host, address);
        } catch (refusal) {
          return tell(refusal as Error, []);
        }
        const [first] = found;
        if (options.all || first === undefined) tell(null, found);
        else tell(null, first.address, first.family);
      });
    },
  };
}

function fromVariable(name: string, environment: NodeJS.ProcessEnv): BlockList {
  return listOf(
    (environment[name] ?? '').split(/[,\s]+/).filter((entry) => entry !== ''),
    name,
  );
}

function listOf(entries: readonly string[], variable: string): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [network = '', bits] = entry.split('/');
    const family = isIPv6(network) ? 'ipv6' : 'ipv4';
    try {
      if (bits === undefined) list.addAddress(network, family);
      else list.addSubnet(network, Number(bits), family);
    } catch {
      throw new InvalidSettings(
        `${variable} has ${JSON.stringify(entry)}: allowed are addresses and ranges, such as 10.0.0.0/8 or fd00::/8, with commas between`,
      );
    }
  }
  return list;
}
