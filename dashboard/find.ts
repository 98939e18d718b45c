/** Finds one user by anything that names them. Exactly one hit is shown at once; else the list of hits. */
import type { UsersAnswer } from '../src/dashboard-data/answers/users.ts';
import { ask } from './api.ts';
import { searchOf, userHref, usersHref } from './place.ts';
import { go } from './router.ts';

export async function find(text: string): Promise<void> {
  const listed = usersHref({ search: text });
  try {
    const { users } = await ask<UsersAnswer>(`/api/users${searchOf({ search: text })}`);
    const [only, ...others] = users;
    go(only !== undefined && others.length === 0 ? userHref(only.user) : listed);
  } catch {
    // The list asks again, and says there what is wrong.
    go(listed);
  }
}
