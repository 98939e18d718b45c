/** The settings of the engine, out of several sections of the configuration. */
import type { Config } from '../config/schema.ts';
import type { EngineSettings } from '../engine/reconcile/settings.ts';

export function engineSettings(config: Config): EngineSettings {
  const { freshForMs, loginFreshForMs } = config.auth0;
  return { ...config.engine, freshForMs, loginFreshForMs, policy: config.policy };
}
