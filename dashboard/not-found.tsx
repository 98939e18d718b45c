/** An address that is none of ours. */
export function NotFound() {
  return (
    <>
      <h1 tabIndex={-1}>Not found</h1>
      <p>
        There is no such page. <a href="/">The overview</a> says how all stands, and a user is found by the
        field above.
      </p>
    </>
  );
}
