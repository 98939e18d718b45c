import { render } from 'preact';
import './style/base.css';
import './style/parts.css';
import './style/controls.css';
import './style/tables.css';
import './style/shell.css';
import './style/overview.css';
import './style/charts.css';
import './style/users.css';
import './style/user.css';
import './style/sweeps.css';
import { startClock } from './clock.ts';
import { overview, startLive } from './live.ts';
import { startRouter } from './router.ts';
import { Shell } from './shell.tsx';

const root = document.getElementById('app');
if (root !== null) {
  startRouter();
  startClock();
  // In parallel with the session: the verdict is the first thing that the reader needs.
  overview.ask();
  startLive();
  render(<Shell />, root);
}
