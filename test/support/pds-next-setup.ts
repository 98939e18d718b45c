/** The newest line of the PDS, on a Node that it supports, instead of the installed one. Before the servers are started. */
import { installApart, otherNode } from './installed-apart.ts';

const PDS = '0.5.35';
/** From 24.19 on, better-sqlite3 12, which the PDS uses, ends the process in a garbage collection. */
const NODE = '24.18.1';
const SQLITE = '12.11.1';

export async function setup(): Promise<void> {
  const node = await otherNode(NODE);
  process.env['CONCORD_PDS_NODE'] = node.program;
  process.env['CONCORD_PDS_PACKAGES'] = await installApart(
    { '@atproto/pds': PDS },
    { node, overrides: { 'better-sqlite3': SQLITE } },
  );
}
