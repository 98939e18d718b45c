/** What `engine.ts` starts: `concord serve --sandbox`, which does not outlive the sandbox. */
import { runServe } from '../commands/serve.ts';

process.on('disconnect', () => process.exit(1));
const [logLevel] = process.argv.slice(2);
process.exit(await runServe({ sandbox: true, ...(logLevel === undefined ? {} : { logLevel }) }));
