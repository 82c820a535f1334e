/** An identifier of its own for each long line of a container, the same however often the line is made. */
export const lineId =
  (containerId: string) =>
  (offset: number): string =>
    containerId.slice(0, 48) + offset.toString(16).padStart(16, "0");
