/** A decision that needs evidence: the form shows it, and the person confirms that they saw it. */
import { type Signal, useComputed, useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { question } from '../question.ts';

/** Asks about this user once the form is open. It is unready until there is an answer and `isSure` is set. */
export function useProposal<Shown>(what: 'adoption' | 'restoration', user: string) {
  const isSure = useSignal(false);
  const asked = useMemo(
    () => question<Shown>(`/api/user/${what}?key=${encodeURIComponent(user)}`),
    [what, user],
  );
  useEffect(() => asked.ask(), [asked]);
  const isUnready = useComputed(() => asked.held.value.data === undefined || !isSure.value);
  return { asked, isSure, isUnready };
}

export function Sure({ isSure, children }: { isSure: Signal<boolean>; children: ComponentChildren }) {
  return (
    <label class="check">
      <input
        type="checkbox"
        name="sure"
        onChange={({ currentTarget }) => {
          isSure.value = currentTarget.checked;
        }}
      />
      <span>{children}</span>
    </label>
  );
}
