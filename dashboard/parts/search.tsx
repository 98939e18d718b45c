/** Finds one user by anything that names them. Exactly one hit is shown at once. */
import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { find } from '../find.ts';
import { place } from '../router.ts';

export function Search() {
  const field = useRef<HTMLInputElement>(null);
  const isAsking = useSignal(false);
  const shown = useComputed(() => (place.value.page === 'users' ? (place.value.query.search ?? '') : ''));
  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target instanceof Element && event.target.closest('input, textarea, select, dialog') !== null)
        return;
      event.preventDefault();
      field.current?.focus();
      field.current?.select();
    };
    document.addEventListener('keydown', focus);
    return () => document.removeEventListener('keydown', focus);
  }, []);
  // Elsewhere the field is left as it was typed; on Users it says what is searched for.
  useEffect(() => {
    if (field.current !== null && shown.value !== '') field.current.value = shown.value;
  }, [shown.value]);

  const search = async (text: string): Promise<void> => {
    isAsking.value = true;
    await find(text);
    isAsking.value = false;
    if (shown.peek() === '' && field.current !== null) field.current.value = '';
  };

  return (
    <search class="search">
      <form
        aria-busy={isAsking.value}
        onSubmit={(event) => {
          event.preventDefault();
          const text = field.current?.value.trim() ?? '';
          if (text !== '' && !isAsking.value) void search(text);
        }}
      >
        <input
          ref={field}
          type="search"
          name="search"
          aria-label="Find a user"
          aria-keyshortcuts="/"
          placeholder="Id, @handle, code, email or DID"
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          maxLength={320}
        />
        <span class="key" aria-hidden="true">
          /
        </span>
      </form>
    </search>
  );
}
