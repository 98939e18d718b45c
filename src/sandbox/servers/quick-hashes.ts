/** For tests, where a hash of a password protects nothing, and is half of the work of creating an account. */
import type * as Crypto from 'node:crypto';
import { createRequire } from 'node:module';

/** Node's default, which the PDS takes, is 16,384. */
const COST = 16;

type Done = (error: Error | null, key: Buffer) => void;

/** For the whole process, and every hash from now on. May be repeated. */
export function hashQuickly(): void {
  const crypto = createRequire(import.meta.url)('node:crypto') as typeof Crypto;
  const { scrypt } = crypto;
  const quick = (
    password: Crypto.BinaryLike,
    salt: Crypto.BinaryLike,
    length: number,
    ...rest: [...unknown[], Done]
  ): void => scrypt(password, salt, length, { cost: COST }, rest.at(-1) as Done);
  Object.assign(crypto, { scrypt: quick });
}
