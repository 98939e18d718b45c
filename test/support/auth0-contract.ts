/** Auth0's own description of the Management API. It is read where it lies, beside the repository. */
import { existsSync, readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const CONTRACT = new URL('../../../shared/contracts/auth0-management-api.openapi.json', import.meta.url);
export const isContractPresent = existsSync(CONTRACT);
if (!isContractPresent) {
  process.stderr.write(`\n*** CONTRACT TEST SKIPPED: no Auth0 contract at ${CONTRACT.pathname} ***\n\n`);
}

export interface OpenApi {
  readonly paths: Record<string, Record<string, Operation>>;
}
interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: { readonly type?: string };
}

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly responses: Record<string, { readonly content?: unknown }>;
}

export function readContract(): {
  contract: OpenApi;
  schemaOf: (pointer: string) => ValidateFunction | undefined;
} {
  const contract = JSON.parse(readFileSync(CONTRACT, 'utf8')) as OpenApi;
  // Some patterns of the contract are no Unicode ones.
  const ajv = new Ajv2020({
    ...{ strict: false, validateSchema: false, logger: false, allErrors: true, unicodeRegExp: false },
  });
  addFormats.default(ajv);
  ajv.addSchema(contract, 'https://contract.example.com/');
  return {
    contract,
    schemaOf: (pointer) => ajv.compile({ $ref: `https://contract.example.com/#${pointer}` }),
  };
}

/** The schema of what a route answers with this status. */
export function pointerTo(path: string, method: string, status: number): string {
  return `${operationAt(path, method)}/responses/${status}/content/application~1json/schema`;
}

export function operationAt(path: string, method: string): string {
  const key = path.replaceAll('~', '~0').replaceAll('/', '~1');
  return `/paths/${encodeURIComponent(key)}/${method}`;
}
