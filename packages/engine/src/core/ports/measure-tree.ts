/** The bytes of all files below a directory, one with several names once; it stays on the directory's own file system. */
export type MeasureTree = (path: string, signal: AbortSignal) => Promise<number>;
