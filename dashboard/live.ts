/**
 * Events that the server pushes. The browser reconnects when a connection breaks, but gives up when one was refused,
 * for example by a server that restarts. Those are rebuilt here, with growing delays.
 */
import { signal } from '@preact/signals';
import type { OverviewAnswer } from '../src/dashboard-data/answers/overview.ts';
import { BEAT, type LiveMessages } from '../src/dashboard-data/answers/session.ts';
import { openSession, refusalFrom, session } from './api.ts';
import { question } from './question.ts';

export type Connection =
  | { readonly state: 'connecting' }
  | { readonly state: 'live' }
  | { readonly state: 'lost'; readonly since: number };

export const connection = signal<Connection>({ state: 'connecting' });
export const overview = question<OverviewAnswer>('/api/overview');

type News = LiveMessages['changed'];
const listeners = new Set<(news: News) => void>();

/** A connection may die silently, for example when the machine slept, and would be shown as live for ever. */
const SILENT_AFTER_MS = 2.5 * BEAT.everyMs;
const LISTEN_EVERY_MS = 1000;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 15_000;

export function onNews(listener: (news: News) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function startLive(): void {
  let source: EventSource | undefined;
  let waitMs = FIRST_WAIT_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;

  let heardAt = Date.now();

  function connect(): void {
    source?.close();
    source = new EventSource('/api/live');
    heard();
    source.addEventListener(BEAT.name, heard);
    source.addEventListener('open', () => {
      heard();
      waitMs = FIRST_WAIT_MS;
      connection.value = { state: 'live' };
    });
    source.addEventListener('overview', ({ data }: MessageEvent<string>) => {
      heard();
      overview.tell(JSON.parse(data) as LiveMessages['overview']);
    });
    source.addEventListener('changed', ({ data }: MessageEvent<string>) => {
      heard();
      tell(JSON.parse(data) as LiveMessages['changed']);
    });
    source.addEventListener('error', () => {
      lost(Date.now());
      if (source?.readyState === EventSource.CLOSED) later();
    });
  }

  function heard(): void {
    heardAt = Date.now();
  }

  function lost(since: number): void {
    if (connection.peek().state !== 'lost') connection.value = { state: 'lost', since };
  }

  function listen(): void {
    const isAtIt = source !== undefined && source.readyState !== EventSource.CLOSED;
    if (!isAtIt || Date.now() - heardAt <= SILENT_AFTER_MS) return;
    lost(heardAt);
    source?.close();
    later();
  }

  function later(): void {
    clearTimeout(timer);
    timer = setTimeout(() => void begin(), waitMs * (0.75 + Math.random() / 2));
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
  }

  /** The session first: it says whether a token is required, and has the CSRF token that decisions need. */
  async function begin(): Promise<void> {
    try {
      await openSession();
      // The first session has already connected; signing in connects too.
      if (source === undefined || source.readyState === EventSource.CLOSED) connect();
    } catch (error) {
      lost(Date.now());
      // Signing in connects again.
      if (refusalFrom(error).status !== 401) later();
    }
  }

  session.subscribe((now) => {
    if (now.state === 'needed') {
      clearTimeout(timer);
      source?.close();
      source = undefined;
    } else if (now.state === 'open' && source === undefined) connect();
  });
  window.addEventListener('online', () => {
    if (connection.peek().state === 'lost') void begin();
  });
  setInterval(listen, LISTEN_EVERY_MS);
  void begin();
}

/** The first news of a connection say that anything may have changed. */
function tell(news: News): void {
  for (const listener of listeners) listener(news);
}

/** Whether news are about a user. */
export function isAbout(user: string, { users }: News): boolean {
  return users === null || users.includes(user);
}
