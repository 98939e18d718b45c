import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Much of the time is spent waiting for servers and processes, so three files at once also on two cores.
    maxWorkers: 3,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.int.test.ts', 'test/explore/**', 'test/fixtures/**'],
          pool: 'threads',
          // Nothing here keeps anything in a module, and loading them anew for every file took half of the time.
          isolate: false,
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/**/*.int.test.ts'],
          exclude: ['test/faults/**', 'test/nodes/**'],
          pool: 'forks',
          // Nothing here keeps anything in a module either; a worker loads the source, and the program, once for all its files.
          isolate: false,
          setupFiles: ['test/support/monitored.ts'],
          globalSetup: ['test/support/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        // Every call of every story broken in every way, in memory. It takes both cores for a minute, and so comes first.
        test: {
          name: 'exploration',
          include: ['test/explore/explore.test.ts'],
          pool: 'threads',
        },
      },
      {
        test: {
          name: 'simulation',
          include: ['test/explore/**/*.test.ts'],
          exclude: ['test/explore/explore.test.ts'],
          pool: 'threads',
          testTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // Servers and processes that are killed by the hundred: minutes of them, so they have a command of their own.
        test: {
          name: 'faults',
          include: ['test/faults/**/*.int.test.ts'],
          pool: 'forks',
          sequence: { groupOrder: 1 },
          globalSetup: ['test/support/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        // What depends on how a PDS answers, once more on the newest line.
        test: {
          name: 'pds-next',
          include: [
            'test/pds/*.int.test.ts',
            'test/sandbox/servers/pds.int.test.ts',
            'test/{accounts,hidden-holders,reservations,passwords,migrated}.int.test.ts',
            'test/{orphans,sweep,successors,restore}.int.test.ts',
            'test/{story,incident,logging}.int.test.ts',
          ],
          pool: 'forks',
          isolate: false,
          globalSetup: ['test/support/pds-next-setup.ts', 'test/support/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        // The pure tests and the program on every Node that is supported; the servers stay on the installed one.
        test: {
          name: 'nodes',
          include: ['test/nodes/**/*.int.test.ts'],
          pool: 'forks',
          // One Node at a time.
          fileParallelism: false,
          globalSetup: ['test/support/global-setup.ts'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
