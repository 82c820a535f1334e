/** A method may answer at once or later. */
export type Awaitable<Value> = Value | Promise<Value>;
