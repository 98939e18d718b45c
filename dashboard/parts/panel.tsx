/** A part of a page with its heading. */
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface PanelProps {
  readonly title: string;
  /** Beside the heading. */
  readonly aside?: ComponentChildren;
  /** Has room for what mostly comes and goes, so that nothing below it moves. */
  readonly isSteady?: boolean;
  readonly children: ComponentChildren;
}

export function Panel({ title, aside, isSteady = false, children }: PanelProps) {
  const id = useId();
  return (
    <section class={isSteady ? 'panel steady' : 'panel'} aria-labelledby={id}>
      <header class="panel-head">
        <h2 id={id}>{title}</h2>
        {aside !== undefined && <div class="panel-aside">{aside}</div>}
      </header>
      <div class="panel-body">{children}</div>
    </section>
  );
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}
