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
          exclude: ['test/faults/**'],
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
    ],
  },
});
