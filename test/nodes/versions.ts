/** The newest of each line that is supported, and of the oldest two the first that `engines` in package.json allows. */
export const NODES = ['20.19.0', '22.12.0', '24.21.0', '26.10.0'] as const;
