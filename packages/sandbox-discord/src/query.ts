import { notASnowflake } from './form.js';
import { invalidField, invalidForm } from './refusal.js';
import { isSnowflake } from './snowflake.js';

/** An integer from the query string, within its bounds. */
export function wholeNumberOf(
  query: URLSearchParams,
  name: string,
  bounds: {
    readonly min: number;
    readonly max: number;
    readonly fallback: number;
  },
): number {
  const given = query.get(name);
  if (given === null) return bounds.fallback;
  if (!/^-?\d+$/.test(given))
    throw invalidField(name, {
      code: 'NUMBER_TYPE_COERCE',
      message: `Value ${JSON.stringify(given)} is not int.`,
    });
  const value = Number(given);
  if (value < bounds.min)
    throw invalidField(name, {
      code: 'NUMBER_TYPE_MIN',
      message: `int value should be greater than or equal to ${bounds.min}.`,
    });
  if (value > bounds.max)
    throw invalidField(name, {
      code: 'NUMBER_TYPE_MAX',
      message: `int value should be less than or equal to ${bounds.max}.`,
    });
  return value;
}

export function snowflakeOf(query: URLSearchParams, name: string): string | undefined {
  const given = query.get(name);
  if (given === null) return undefined;
  if (!isSnowflake(given)) throw invalidForm({ [name]: notASnowflake(given) });
  return given;
}

/** False if it is absent. Only Discord's documented spellings of a boolean are accepted. */
export function flagOf(query: URLSearchParams, name: string): boolean {
  const given = query.get(name) ?? 'false';
  if (['true', 'True', '1'].includes(given)) return true;
  if (['false', 'False', '0'].includes(given)) return false;
  throw invalidField(name, {
    code: 'BOOLEAN_TYPE_CONVERT',
    message: 'Must be either true or false.',
  });
}
