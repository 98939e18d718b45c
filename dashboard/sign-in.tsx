/** Asks for the token that the server was given. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { refusalFrom, signIn } from './api.ts';

export function SignIn() {
  const field = useRef<HTMLInputElement>(null);
  const problem = useSignal('');
  const isAsking = useSignal(false);
  useEffect(() => field.current?.focus(), []);
  const enter = async (token: string): Promise<void> => {
    isAsking.value = true;
    try {
      await signIn(token);
    } catch (error) {
      const { status, message } = refusalFrom(error);
      problem.value = status === 401 ? 'The token is wrong.' : message;
      field.current?.select();
    } finally {
      isAsking.value = false;
    }
  };
  return (
    <div class="sign-in">
      <h1 tabIndex={-1}>Sign in</h1>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const token = field.current?.value.trim() ?? '';
          if (token !== '') void enter(token);
        }}
      >
        <label for="token">Token</label>
        <input
          ref={field}
          id="token"
          type="password"
          autocomplete="current-password"
          required
          aria-invalid={problem.value !== ''}
          aria-describedby="token-hint token-problem"
        />
        <p id="token-hint" class="hint">
          The value of <code>DASHBOARD_TOKEN</code> on the server.
        </p>
        <p id="token-problem" class="form-problem" role="alert">
          {problem.value}
        </p>
        <button type="submit" class="primary" disabled={isAsking.value}>
          Sign in
        </button>
      </form>
    </div>
  );
}
