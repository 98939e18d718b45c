/** Before each file of tests: what its processes send to MongoDB is written down. */
import * as driver from 'mongodb';
import { inject } from 'vitest';
import type {} from './global-setup.ts';
import { monitorCommands } from './mongodb-monitor.ts';

monitorCommands(driver, inject('mongodbCommands'));
