/** Prints a figure that a test has measured, such as the number of kills, on a line of its own. */
export function figure(line: string): void {
  process.stdout.write(`${line}\n`);
}
