import type { ParsedEvent } from '../../services/events/in/parse-event.js';
import { CANARY } from './texts.js';

/** The fields and headers that a reason may speak of, and nothing that came in. */
const FIELD =
  /^(?:(?:data|value|data_base64|content-type|datacontenttype|not a CloudEvent|header (?:content-type|ce_\w+)|(?:ce_)?(?:specversion|type|id|source|time)|data\.(?:userId|groupId|groupIds(?:\[\d+\])?|change|username|name|sequence|attributes(?:\.(?:character|corporation|alliance))?))\b|its compressed batch)/;

/** What is wrong with how an event ended, in words; null: nothing. */
export function faultOf(parsed: ParsedEvent): string | null {
  if (parsed.kind !== 'broken') return null;
  const { reason } = parsed;
  if (reason.includes(CANARY) || reason.includes(CANARY.slice(0, 7)))
    return `repeats a secret: ${reason}`;
  if (!/^[ -~]{1,200}$/.test(reason)) return `is no plain line: ${reason}`;
  return FIELD.test(reason) ? null : `names no field: ${reason}`;
}

/** Names of what every object inherits; a parser that can be tricked adds some. */
export function inherited(): readonly string[] {
  return [Object.prototype, Array.prototype, Function.prototype].flatMap((prototype) =>
    Object.getOwnPropertyNames(prototype),
  );
}
