/** An unknown address. */
export function NotFound() {
  return (
    <>
      <h1 tabIndex={-1}>Not found</h1>
      <p>
        This page does not exist. See <a href="/">the overview</a>, or search for a user in the field above.
      </p>
    </>
  );
}
