/** Moves between pages without loading them anew, and keeps what the browser promises: back, scroll, focus, title. */
import { signal } from '@preact/signals';
import { type Place, placeOf, titleOf } from './place.ts';

export const place = signal<Place>(here());

function here(): Place {
  return placeOf(window.location.pathname, window.location.search);
}

export interface Going {
  /** The focus stays where it is: a filter was changed, and the page is the same. */
  readonly keepFocus?: boolean;
}

export function go(href: string, { keepFocus = false }: Going = {}): void {
  keepScroll();
  window.history.pushState(null, '', href);
  arrive(keepFocus);
  if (!keepFocus) window.scrollTo(0, 0);
}

export function startRouter(): void {
  window.history.scrollRestoration = 'manual';
  document.title = `${titleOf(place.peek())} · Concord`;
  document.addEventListener('click', followLink);
  window.addEventListener('popstate', ({ state }: PopStateEvent) => {
    arrive(false);
    const top = scrollIn(state);
    // What was shown there is remembered, and drawn by the next frame.
    requestAnimationFrame(() => requestAnimationFrame(() => window.scrollTo(0, top)));
  });
  window.addEventListener('scrollend', keepScroll);
  window.addEventListener('pagehide', keepScroll);
}

function keepScroll(): void {
  window.history.replaceState({ top: window.scrollY }, '');
}

function scrollIn(state: unknown): number {
  if (typeof state !== 'object' || state === null || !('top' in state)) return 0;
  return typeof state.top === 'number' ? state.top : 0;
}

function arrive(keepFocus: boolean): void {
  const from = place.peek();
  const to = here();
  place.value = to;
  document.title = `${titleOf(to)} · Concord`;
  const isSamePage = from.page === to.page && from.page !== 'user';
  if (keepFocus || isSamePage) return;
  // The new heading is announced, and Tab goes on from it.
  requestAnimationFrame(() => document.querySelector('h1')?.focus({ preventScroll: true }));
}

function followLink(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (link === null || link.target !== '' || link.origin !== window.location.origin) return;
  if (link.getAttribute('href')?.startsWith('#') === true) return;
  event.preventDefault();
  go(link.pathname + link.search);
}
