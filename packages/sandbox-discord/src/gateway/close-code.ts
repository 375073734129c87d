/** The websocket protocol reserves the others; 1004 to 1006 never travel in a frame. */
export function checkCloseCode(code: number): void {
  const isProtocols = code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code);
  const isApplications = code >= 3000 && code <= 4999;
  if (Number.isInteger(code) && (isProtocols || isApplications)) return;
  throw new Error(`${code} is not a close code: use 1000 to 1014 or 3000 to 4999`);
}

const MAX_REASON_BYTES = 123;

export function checkCloseReason(reason: string): void {
  if (Buffer.byteLength(reason) > MAX_REASON_BYTES)
    throw new Error(`a close reason must have at most ${MAX_REASON_BYTES} bytes`);
}
