/** What keeps positions promises, whatever it keeps them in. */
import { describe, expect, it } from 'vitest';
import type { Cursors } from '../../src/ports/runs.ts';

/** `make` gives one that holds no position. */
export function cursorsContract(make: () => Promise<Cursors>): void {
  describe('cursors', () => {
    it('know no position until one is set', async () => {
      const cursors = await make();
      expect(await cursors.get('handles')).toBeUndefined();
    });

    it('give back the newest position of each source', async () => {
      const cursors = await make();
      await cursors.set('handles', 'first');
      await cursors.set('auth0-logs:main', '{"from":"900"}');
      await cursors.set('handles', 'second');
      expect(await cursors.get('handles')).toBe('second');
      expect(await cursors.get('auth0-logs:main')).toBe('{"from":"900"}');
      expect(await cursors.get('auth0-logs')).toBeUndefined();
    });

    it('may go back', async () => {
      const cursors = await make();
      await cursors.set('handles', '9');
      await cursors.set('handles', '3');
      expect(await cursors.get('handles')).toBe('3');
    });

    it('take a first position that many set at once', async () => {
      const cursors = await make();
      await Promise.all(Array.from({ length: 20 }, (_, n) => cursors.set('handles', String(n))));
      expect(await cursors.get('handles')).toMatch(/^[0-9]+$/);
    });
  });
}
