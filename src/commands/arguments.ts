/** Values of options, as they are typed. */
import { InvalidArgumentError } from '@commander-js/extra-typings';

/** As many as Auth0's search returns. */
const MAX_NEWEST = 1_000;

export function newestCount(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= MAX_NEWEST) return value;
  throw new InvalidArgumentError(
    `It must be an integer from 1 to ${MAX_NEWEST}, which is all that Auth0's search returns.`,
  );
}

export function loginRate(text: string): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value >= 0.01 && value <= 100) return value;
  throw new InvalidArgumentError('It must be a number from 0.01 to 100.');
}

/** How many to list; 0 stands for all, in every command. */
export function mostListed(text: string): number {
  return wholeNumber(text) || Number.POSITIVE_INFINITY;
}

export function seconds(text: string): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value >= 0.1 && value <= 600) return value;
  throw new InvalidArgumentError('It must be a number of seconds from 0.1 to 600.');
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0)
    throw new InvalidArgumentError('It must be a non-negative integer.');
  return value;
}
