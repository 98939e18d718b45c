/** One line for each measure, where a person who runs the tests sees it. */
export function report(line: string): void {
  process.stdout.write(`${line}\n`);
}
