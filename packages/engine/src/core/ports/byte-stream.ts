/** Bytes as they arrive; whoever consumes it may stop early, which releases the source. */
export type ByteStream = AsyncIterable<Uint8Array>;

/** Called as work goes on; both in bytes, `total` if it is known. */
export type OnBytes = (current: number, total: number | undefined) => void;
