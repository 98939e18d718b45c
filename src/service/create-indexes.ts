/** The unique indexes of the platform's own collections, without which two users could get one code or handle. */
import * as indexes from '../reconcilers/indexes.ts';
import type { Engine } from '../wiring/engine.ts';

/** Creates missing indexes. A failure is logged and stops nothing. */
export async function createMissingIndexes({
  documents,
  logger,
}: Engine): Promise<readonly indexes.IndexFinding[]> {
  const findings = indexes.plan(indexes.WANTED_INDEXES, await documents.indexes());
  for (const { status, message } of findings)
    if (status === 'unfit') logger.error({ status }, `an index is unfit: ${message}`);
  try {
    await indexes.apply(documents, findings);
  } catch (err) {
    logger.error({ err }, 'a missing unique index could not be created');
  }
  return findings;
}
