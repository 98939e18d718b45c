/** Explores in several processes at once, each of which takes the next task when it is done with one. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Found, Task } from './task.ts';

const MEMBER = fileURLToPath(new URL('./member.ts', import.meta.url));
/** Megabytes for what is young: nearly all that a run makes is garbage when it ends. */
const YOUNG_MB = 64;

/** Hands out the tasks in their order. `onFound` is told of each as it is done, and may end it all. */
export async function exploreTogether(
  tasks: Iterable<Task>,
  members: number,
  onFound: (task: Task, found: Found) => 'go on' | 'stop',
): Promise<void> {
  const left = tasks[Symbol.iterator]();
  let isOver = false;
  const work = async (): Promise<void> => {
    const member = fork(MEMBER, { execArgv: ['--import', 'tsx', `--max-semi-space-size=${YOUNG_MB}`] });
    try {
      for (let next = left.next(); !isOver && next.done !== true; next = left.next())
        if (onFound(next.value, await ask(member, next.value)) === 'stop') isOver = true;
    } finally {
      member.kill();
    }
  };
  await Promise.all(Array.from({ length: members }, work));
}

async function ask(member: ChildProcess, task: Task): Promise<Found> {
  const exit = once(member, 'exit').then(([code]) => {
    throw new Error(`A process that explores ended with ${String(code)}.`);
  });
  const answer = once(member, 'message').then(([found]) => found as Found);
  member.send(task);
  return Promise.race([answer, exit]);
}
